"""The operations that tests send, each as a client would write it."""

CONNECTION = "fragment C on PsaConnection { msp status number site companyId companyName keyHint isConfirmed }"

CONNECT = f"""
mutation ($input: ConnectInput!) {{ connect(input: $input) {{ __typename
  ... on Refusal {{ message }}
  ... on RightsMissing {{ rights {{ name level menuPath }} }}
  ... on AlreadyConnected {{ tenant {{ site companyId }} }}
  ... on ConnectionChanged {{ connection {{ ...C }} }} }} }}
{CONNECTION}
"""

TEST_CONNECTION = """
mutation ($input: TestConnectionInput!) { testConnection(input: $input) { __typename
  ... on Refusal { message }
  ... on ConnectionTested { companyName isUsable rights { state right { name level menuPath } } } } }
"""

UPDATE_CREDENTIALS = """
mutation ($input: UpdateCredentialsInput!) { updateCredentials(input: $input) { __typename
  ... on Refusal { message }
  ... on DifferentTenant { current { companyId } offered { companyId } }
  ... on ConnectionChanged { connection { keyHint } } } }
"""

DISCONNECT = """
mutation ($input: ConnectionInput!) { disconnect(input: $input) { __typename
  ... on Refusal { message } ... on ConnectionChanged { connection { status } } } }
"""

MAP_PRODUCT = """
mutation ($input: MapProductInput!) { mapProduct(input: $input) { __typename
  ... on Refusal { message }
  ... on ConnectionChanged { connection { status productMappings { plan component product rule minimum } } } } }
"""

CREATE_PRODUCT = """
mutation ($input: CreateProductInput!) { createProduct(input: $input) { __typename
  ... on Refusal { message }
  ... on RightsMissing { rights { name level menuPath } }
  ... on ProductMade { product identifier description } } }
"""

SET_PRODUCT_RULE = """
mutation ($input: SetProductRuleInput!) { setProductRule(input: $input) { __typename
  ... on Refusal { message }
  ... on ConnectionChanged { connection { productMappings { product rule minimum } } } } }
"""

CONFIRM = """
mutation ($input: ConnectionInput!) { confirmProductMapping(input: $input) { __typename
  ... on Refusal { message }
  ... on ProductMappingIncomplete { missing { plan component } }
  ... on ConnectionChanged { connection { status missingProducts { plan component } } } } }
"""

CHANGE_SETTINGS = """
mutation ($input: ChangeSettingsInput!) { changeSettings(input: $input) { __typename
  ... on Refusal { message }
  ... on InvalidInput { field reason }
  ... on ConnectionChanged { connection { settings { driftPolicy holdDays dropGuardPercent } } } } }
"""

REGISTER = """
mutation ($input: RegisterOrganizationsInput!) { registerOrganizations(input: $input) { __typename
  ... on Refusal { message }
  ... on OrganizationsRegistered { answers { changeId outcome { __typename
    ... on Refusal { message }
    ... on OrganizationRegistered { organization entryId alreadyRecorded } } } } } }
"""

CREATE_ORGANIZATION = """
mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input) { __typename
  ... on Refusal { message }
  ... on OrganizationChanged { alreadyRecorded entryId organization { id name plan management licenses servers } } } }
"""

CHANGE_LICENSES = """
mutation ($input: ChangeLicensesInput!) { changeLicenses(input: $input) { __typename
  ... on Refusal { message }
  ... on InvalidInput { field reason }
  ... on LicensesReported { answers { changeId outcome { __typename
    ... on Refusal { message }
    ... on Recorded { changeId component delta quantity effectiveAt entryId alreadyRecorded } } } } } }
"""

CHANGE_PLAN = """
mutation ($input: ChangePlanInput!) { changePlan(input: $input) { __typename
  ... on Refusal { message }
  ... on OrganizationChanged { alreadyRecorded organization { plan licenses servers } } } }
"""

MAP_COMPANIES = """
mutation ($input: MapCompaniesInput!) { mapCompanies(input: $input) { __typename
  ... on Refusal { message }
  ... on MappingsChanged { answers { organization outcome { __typename
    ... on Refusal { message }
    ... on MappingChanged { mapping { company agreement agreementName } } } } } } }
"""

UNMAP_COMPANIES = """
mutation ($input: UnmapCompaniesInput!) { unmapCompanies(input: $input) { __typename
  ... on Refusal { message }
  ... on MappingsChanged { answers { organization outcome { __typename ... on Refusal { message } } } } } }
"""

EXCLUDE = """
mutation ($input: ExcludeOrganizationsInput!) { excludeOrganizations(input: $input) { __typename
  ... on MappingsChanged { answers { organization outcome { __typename
    ... on Refusal { message } ... on MappingChanged { mapping { excludedBecause agreement } } } } } } }
"""

IMPORT = """
mutation ($input: ImportCompaniesInput!) { importCompanies(input: $input) { __typename
  ... on Refusal { message }
  ... on RunAccepted { joined run { id kind status importFilter { types statuses } } } } }
"""

SYNC_NOW = """
mutation ($input: SyncNowInput!) { syncNow(input: $input) { __typename
  ... on Refusal { message }
  ... on RunAccepted { joined run { id kind status month organizations } } } }
"""

CANCEL_RUN = """
mutation ($input: CancelRunInput!) { cancelRun(input: $input) { __typename
  ... on Refusal { message } ... on RunAccepted { run { id status } } } }
"""

APPROVE_PUSH = """
mutation ($input: ApprovePushInput!) { approvePush(input: $input) { __typename ... on Refusal { message } } }
"""

RETRY_EXCEPTION = """
mutation ($input: RetryExceptionInput!) { retryException(input: $input) { __typename ... on Refusal { message } } }
"""

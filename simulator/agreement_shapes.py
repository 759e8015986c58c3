"""Fields of agreements, their additions and setup tables. Source: the vendor's OpenAPI document, 2026.4."""

from simulator.company_shapes import COMPANY_REFERENCE, CURRENCY
from simulator.shapes import CUSTOM_FIELD, IDENTIFIED, Reference, named, shape

BILL_OPTIONS = "Billable DoNotBill NoCharge NoDefault"
LIFE = "Active Cancelled Expired Inactive"
APPLICATION_CYCLES = (
    "Contract2Weeks Contract4Weeks ContractYear CalendarMonth CalendarQuarter CalendarWeek ContractQuarter CalendarYear"
)
BILLING_CYCLE_REFERENCE = Reference("billingCycle", href="finance/billingCycles")

AGREEMENT = shape(
    "agreement",
    "Agreement",
    required="name type company contact",
    texts={
        "name": 100,
        "customerPO": 50,
        "reasonCancelled": 100,
        "workOrder": 20,
        "internalNotes": None,
        "invoiceDescription": None,
    },
    numbers="applicationLimit compHourlyRate compLimitAmount billAmount prorateFirstBill",
    integers="expiredDays limit",
    booleans="restrictLocationFlag restrictDepartmentFlag noEndingDateFlag cancelledFlag applicationUnlimitedFlag "
    "oneTimeFlag coverAgreementTime coverAgreementProduct coverAgreementExpense coverSalesTax carryOverUnused "
    "allowOverruns expireWhenZero chargeToFirm billOneTimeFlag taxable restrictDownPayment prorateFlag "
    "invoiceProratedAdditionsFlag topComment bottomComment billableTimeInvoice billableExpenseInvoice "
    "billableProductInvoice autoInvoiceFlag billZeroAmountFlag",
    dates="startDate endDate dateCancelled billStartDate nextInvoiceDate",
    enums={
        "applicationUnits": "Amount Hours Incidents",
        "applicationCycle": APPLICATION_CYCLES,
        "employeeCompRate": "Actual Hourly",
        "employeeCompNotExceed": "Billing Amount Percent",
        "invoicingCycle": "ContractYear CalendarYear",
        "billTime": BILL_OPTIONS,
        "billExpenses": BILL_OPTIONS,
        "billProducts": BILL_OPTIONS,
        "periodType": "Current Future Both Undefined",
        "agreementStatus": LIFE,
    },
    references={
        "type": Reference("agreementType", href="finance/agreements/types"),
        "parentAgreement": Reference("agreement", ("id", "name", "type", "chargeFirmFlag"), "finance/agreements"),
        "billingCycle": BILLING_CYCLE_REFERENCE,
        **named("company subContractCompany billToCompany shipToCompany", COMPANY_REFERENCE),
        "department": IDENTIFIED,
        "workType": Reference(None, ("id", "name", "utilizationFlag")),
        "currency": CURRENCY,
        **named(
            "contact site subContractContact location opportunity sla billingTerms billToContact billToSite taxCode "
            "workRole projectType invoiceTemplate companyLocation shipToContact shipToSite"
        ),
    },
    lists={"customFields": CUSTOM_FIELD},
    owned="agreementStatus",
)

AGREEMENT_TYPE = shape(
    "agreementType",
    "AgreementType",
    required="name employeeCompRate employeeCompNotExceed invoicingCycle billTime billExpenses billProducts",
    texts={
        "name": 50,
        "invoicePreSuffix": 5,
        "invoiceDescription": 4000,
        "integrationXRef": 50,
        "connectWiseId": None,
    },
    numbers="applicationLimit compHourlyRate compLimitAmount billAmount",
    integers="expiredDays limit",
    booleans="defaultFlag inactiveFlag prePaymentFlag restrictLocationFlag restrictDepartmentFlag "
    "applicationUnlimitedFlag oneTimeFlag coverAgreementTimeFlag coverAgreementProductFlag "
    "coverAgreementExpenseFlag coverSalesTaxFlag carryOverUnusedFlag allowOverrunsFlag expireWhenZero "
    "chargeToFirmFlag billOneTimeFlag taxableFlag restrictDownPaymentFlag topCommentFlag bottomCommentFlag "
    "billableTimeInvoiceFlag billableExpenseInvoiceFlag billableProductInvoiceFlag copyWorkRolesFlag "
    "copyWorkTypesFlag addAllWorkRoleExclusions removeAllWorkRoleExclusions addAllWorkTypeExclusions "
    "removeAllWorkTypeExclusions prorateFlag autoInvoiceFlag billZeroAmountFlag invoiceProratedAdditionsFlag",
    enums={
        "prefixSuffixOption": "Prefix Suffix",
        "applicationUnits": "Amount Hours Incidents",
        "applicationCycle": APPLICATION_CYCLES,
        "employeeCompRate": "Actual Hourly",
        "employeeCompNotExceed": "Billing Amount Percent",
        "invoicingCycle": "ContractYear CalendarYear",
        "billTime": BILL_OPTIONS,
        "billExpenses": BILL_OPTIONS,
        "billProducts": BILL_OPTIONS,
    },
    references={
        "billingCycle": BILLING_CYCLE_REFERENCE,
        "department": IDENTIFIED,
        "workType": Reference(None, ("id", "name", "utilizationFlag")),
        **named("location sla billingTerms workRole projectType invoiceTemplate emailTemplate"),
    },
    lists={"exclusionWorkRoleIds": {}, "exclusionWorkTypeIds": {}},
)

BILLING_CYCLE = shape(
    "billingCycle",
    "BillingCycle",
    required="identifier name billingOptions",
    texts={"identifier": 5, "name": 50},
    booleans="defaultFlag",
    enums={"billingOptions": "BiMonthly BiWeekly Monthly NotRecurring Quarterly SemiAnnual Weekly Yearly"},
)

ADDITION = shape(
    "addition",
    "Addition",
    required="product billCustomer",
    texts={"serialNumber": 50, "invoiceDescription": 6000, "description": None, "uom": None},
    numbers="quantity lessIncluded unitPrice unitCost billedQuantity extPrice extCost sequenceNumber margin "
    "prorateCost proratePrice extendedProrateCost extendedProratePrice",
    integers="agreementId",
    booleans="taxableFlag purchaseItemFlag specialOrderFlag prorateCurrentPeriodFlag",
    dates="effectiveDate cancelledDate",
    enums={"billCustomer": "Billable DoNotBill NoCharge", "agreementStatus": LIFE},
    references={
        "product": Reference("catalogItem", ("id", "identifier", "serializedFlag"), "procurement/catalog"),
        "opportunity": Reference(None),
        "invoiceGrouping": Reference(
            None,
            ("id", "name", "description", "showPriceFlag", "showSubItemsFlag", "groupParentChildAdditionsFlag"),
        ),
    },
    lists={"customFields": CUSTOM_FIELD},
    owned="agreementId uom billedQuantity extPrice extCost margin prorateCost proratePrice extendedProrateCost "
    "extendedProratePrice agreementStatus",
)

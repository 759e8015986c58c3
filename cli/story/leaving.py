"""Third part: unmapping stops the billing, new keys and a new agreement carry it on, disconnecting ends it for good."""

from cli.story.billing import MAPPED, Places, map_organizations, mapping
from cli.story.setting_up import (
    CONNECTION,
    GLOBEX,
    LICENSES,
    LITE,
    LITE_LICENSES,
    SERVERS,
    change,
    change_licenses,
)
from cli.story.stage import Stage, expect


def leave(stage: Stage, places: Places) -> None:
    unmap(stage, places)
    update_credentials(stage)
    map_again(stage, places)
    disconnect(stage, places)


def unmap(stage: Stage, places: Places) -> None:
    globex, lite = places.globex.agreement, places.lite.agreement
    with stage.step("Globex is unmapped: what it buys now is counted, and nothing is pushed"):
        answers = stage.admin.do("unmapCompanies", {"items": [{"organization": GLOBEX}]}, MAPPED)["answers"]
        expect("the answer", answers[0]["outcome"]["__typename"], "MappingChanged")
        # Initech's change comes after Globex's: once it is verified, Globex's would have been pushed as well.
        change_licenses(stage, change(GLOBEX, "plus-4", delta=4), change(LITE, "plus-1", delta=1))
        stage.until_verified(lite, LITE_LICENSES, 6)
        expect("what the PSA holds for Globex", stage.psa.quantity(globex, LICENSES), 11)
        expect("its servers", stage.psa.quantity(globex, SERVERS), 2)
        found = stage.admin.query(
            "query ($id: ID!) { organization(id: $id) { licenses mapping { agreement } } }", id=GLOBEX
        )
        agreement = (found["organization"]["mapping"] or {}).get("agreement")
        expect("Globex's licences and agreement", (found["organization"]["licenses"], agreement), (15, None))


def update_credentials(stage: Stage) -> None:
    with stage.step("The admin replaces the keys: wrong ones are refused and change nothing, right ones are taken"):
        fresh = stage.psa.add_key(f"{stage.psa.company_id}SecondPublicKey", f"{stage.psa.company_id}SecondPrivateKey")
        wrong = {"publicKey": fresh.public, "privateKey": "not-the-private-key"}
        stage.refused(stage.admin, "updateCredentials", wrong, "WrongKeys")
        right = {"publicKey": fresh.public, "privateKey": fresh.private}
        updated = stage.admin.do("updateCredentials", right, CONNECTION)["connection"]
        expect("the hint of the new key", updated["keyHint"], fresh.public[-4:])
        stage.psa.happens("keys_revoked", public=stage.psa.keys.public)
        expect("secrets in the vault", stage.vault_rows(), 1)


def map_again(stage: Stage, places: Places) -> None:
    with stage.step("Globex is mapped to another agreement: 15 licences and 2 servers bill there"):
        [outcome] = map_organizations(stage, mapping(GLOBEX, places.second))
        expect("the mapping", outcome["__typename"], "MappingChanged")
        stage.until_verified(places.second.agreement, LICENSES, 15)
        stage.until_verified(places.second.agreement, SERVERS, 2)
        expect("what its old agreement holds", stage.psa.quantity(places.globex.agreement, LICENSES), 11)


def disconnect(stage: Stage, places: Places) -> None:
    with stage.step("The admin disconnects: no mapping is current, the keys are destroyed, the history is whole"):
        known = stage.psa.lines()
        gone = stage.admin.do("disconnect", {}, CONNECTION, input_type="ConnectionInput")["connection"]
        expect("the status", gone["status"], "NOT_CONNECTED")
        left = stage.admin.query(
            "{ companyMappings { nodes { organization } } psaConnection { productMappings { product } } }"
        )
        expect("current company mappings", left["companyMappings"]["nodes"], [])
        expect("current product mappings", left["psaConnection"]["productMappings"], [])
        expect("secrets in the vault", stage.vault_rows(), 0)
        stage.refused(stage.admin, "disconnect", {}, "NotConnected", input_type="ConnectionInput")
        change_licenses(stage, change(GLOBEX, "after-the-end", delta=1))
        stage.refused(stage.admin, "updateCredentials", {"publicKey": "a", "privateKey": "b"}, "NotConnected")
        expect("what the PSA holds", stage.psa.lines(), known)
    with stage.step("The auditor reads the whole history once more, from the first fact to the last"):
        collected = list(stage.facts)
        stage.cursor, stage.facts = None, []
        again = stage.look_at_facts()
        expect("the history, read at once", again, collected)
        numbers = stage.auditor.query("{ history(first: 1) { totalCount } }")["history"]
        expect("how many facts there are", numbers["totalCount"], len(collected))

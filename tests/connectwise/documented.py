"""Records and error bodies as the vendor's documentation and live systems show them. Source: api-facts."""

from typing import Any

NOT_PERMITTED = {"code": "Security", "message": "You do not have security permission to perform this action."}
NO_ENDPOINT = {"code": "ConnectWiseApi", "message": "The endpoint does not exist."}
NO_RECORD = {"code": "NotFound", "message": "Agreement 57919 not found"}
UNAUTHORIZED = {"code": "ConnectWiseApi", "message": "UserNotAuthenticated"}
SSL_REQUIRED = {"code": "Security", "message": "SSL is required.", "errors": None}
TIMED_OUT = {"code": "ConnectWiseApi", "message": "A timeout has occured. Please try again."}
THROTTLED = {"error": "ConnectWiseAPI", "message": "Too many requests. Please try again in 30 seconds."}
DUPLICATE = {
    "code": "InvalidObject",
    "message": "catalogItem object is invalid",
    "errors": [
        {
            "code": "ObjectExists",
            "message": "A matching catalog item already exists",
            "resource": "catalogItem",
            "field": "identifier",
        }
    ],
}
ALREADY_INVOICED = (
    "Since this period has already been invoiced there will not be an invoice generated for additional products for "
    "this period. Please prorate the agreement or update the start date to on or after the Next Invoice Date."
)
INVOICED = {
    "code": "InvalidObject",
    "message": "addition object is invalid",
    "errors": [
        {"code": "InvalidField", "message": ALREADY_INVOICED, "resource": "addition", "field": "effectiveDate"},
        {"code": "OutOfRange", "message": "The field x must be between 1 and 2.", "resource": "addition", "field": "x"},
    ],
}

INFO = {"lastUpdated": "2026-11-02T08:15:30Z", "updatedBy": "jdoe", "agreement_href": "https://na.myconnectwise.net/x"}


def company(number: int, **other: Any) -> dict[str, Any]:
    return {
        "id": number,
        "identifier": f"Company{number}",
        "name": f"Company {number} GmbH",
        "status": {"id": 1, "name": "Active", "_info": {"status_href": "https://…"}},
        "types": [{"id": 1, "name": "Client", "_info": {}}],
        "deletedFlag": False,
        "somethingNew": {"next": "year"},
        **other,
    }


def agreement(number: int, company_id: int = 19, **other: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": "Managed Services",
        "type": {"id": 3, "name": "Managed"},
        "company": {"id": company_id, "identifier": "Globex", "name": "Globex GmbH"},
        "contact": {"id": 5, "name": "A B"},
        "agreementStatus": "Active",
        "startDate": "2026-01-01T00:00:00Z",
        "noEndingDateFlag": True,
        "cancelledFlag": False,
        "billStartDate": "2026-01-01T00:00:00Z",
        "nextInvoiceDate": "2026-12-01",
        "billingCycle": {"id": 2, "name": "Monthly"},
        "prorateFlag": False,
        "invoiceProratedAdditionsFlag": False,
        "parentAgreement": {},
        "_info": INFO,
        **other,
    }


def addition(number: int, quantity: float = 12, agreement_id: int = 7, **other: Any) -> dict[str, Any]:
    return {
        "id": number,
        "product": {"id": 301, "identifier": "NET-CORE", "serializedFlag": False},
        "quantity": quantity,
        "lessIncluded": 0.0,
        "unitPrice": 4.35,
        "billCustomer": "Billable",
        "effectiveDate": "2026-11-01T00:00:00Z",
        "agreementId": agreement_id,
        "agreementStatus": "Active",
        "_info": INFO,
        "customFields": [{"id": 1, "caption": "Subscription", "value": None}],
        **other,
    }


def catalog_item(number: int = 301, **other: Any) -> dict[str, Any]:
    return {
        "id": number,
        "identifier": "NET-CORE",
        "description": "Network Core licence",
        "inactiveFlag": False,
        "subcategory": {"id": 9, "name": "Licences"},
        "category": {"id": 2, "name": "Software"},
        "type": {"id": 4, "name": "Subscription"},
        "productClass": "Agreement",
        "unitOfMeasure": {"id": 1, "name": "Each"},
        "price": 4.35,
        "customerDescription": "Network Core",
        **other,
    }

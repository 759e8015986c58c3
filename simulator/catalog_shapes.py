"""Fields of the product catalog and its setup tables. Source: the vendor's OpenAPI document, 2025.1 and 2026.4."""

from simulator.company_shapes import COMPANY_REFERENCE
from simulator.shapes import CUSTOM_FIELD, Reference, named, shape

CATEGORY_REFERENCE = Reference("category", href="procurement/categories")

CATALOG_ITEM = shape(
    "catalogItem",
    "CatalogItem",
    required="identifier description subcategory type customerDescription",
    texts={
        "identifier": 75,
        "description": 60,
        "customerDescription": 6000,
        "manufacturerPartNumber": 50,
        "vendorSku": 50,
        "notes": None,
        "integrationXRef": 50,
        "connectWiseID": None,
    },
    numbers="price cost recurringRevenue recurringCost calculatedPrice calculatedCost markupPercentage",
    integers="minStockLevel",
    booleans="inactiveFlag serializedFlag serializedCostFlag phaseProductFlag taxableFlag dropShipFlag "
    "specialOrderFlag recurringFlag recurringOneTimeFlag calculatedPriceFlag calculatedCostFlag markupFlag "
    "autoUpdateUnitCostFlag autoUpdateUnitPriceFlag",
    enums={
        "productClass": "Agreement Bundle Inventory NonInventory Service",
        "priceAttribute": "FixedFee NotToExceed OverrideRate TimeAndMaterials",
        "recurringCycleType": "ContractYear CalendarYear",
        "billableOption": "Billable DoNotBill NoCharge NoDefault",
    },
    references={
        "category": CATEGORY_REFERENCE,
        "subcategory": Reference("subcategory", href="procurement/subcategories"),
        "type": Reference("productType", href="procurement/types"),
        "unitOfMeasure": Reference("unitOfMeasure", href="procurement/unitOfMeasures"),
        "vendor": COMPANY_REFERENCE,
        "recurringBillCycle": Reference("billingCycle", href="finance/billingCycles"),
        "agreementType": Reference("agreementType", href="finance/agreements/types"),
        **named("manufacturer sla entityType"),
    },
    lists={"customFields": CUSTOM_FIELD},
    owned="calculatedPrice calculatedCost",
)

CATEGORY = shape(
    "category",
    "Category",
    required="name",
    texts={"name": 50, "priceLevelXref": 10, "integrationXref": 50},
    booleans="inactiveFlag defaultFlag addAllLocations removeAllLocations",
    lists={"locationIds": {}},
)

SUBCATEGORY = shape(
    "subCategory",
    "SubCategory",
    required="name category",
    texts={"name": 50, "integrationXref": 50},
    booleans="inactiveFlag defaultFlag",
    references={"category": CATEGORY_REFERENCE},
)

PRODUCT_TYPE = shape(
    "productType",
    "ProductType",
    required="name",
    texts={"name": 50},
    booleans="inactiveFlag defaultFlag",
    enums={"typeXref": "InventoryPart NonInventoryPart OtherCharge Service"},
)

UNIT_OF_MEASURE = shape(
    "unitOfMeasure",
    "UnitOfMeasure",
    required="name",
    texts={"name": 50, "uomScheduleXref": 31},
    booleans="inactiveFlag defaultFlag",
)

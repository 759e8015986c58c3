"""Tables of records in memory, in order of id, and the references between them.

Records hold references as they are shown (`{"id": 9, "name": "…"}`), so reading is cheap; when a record is
renamed the references to it are written again (`Tables.refresh_references`). Each record remembers which
member owns it, for rights at level `My`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from simulator.agreement_shapes import ADDITION, AGREEMENT, AGREEMENT_TYPE, BILLING_CYCLE
from simulator.catalog_shapes import CATALOG_ITEM, CATEGORY, PRODUCT_TYPE, SUBCATEGORY, UNIT_OF_MEASURE
from simulator.company_shapes import COMPANY, COMPANY_STATUS, COMPANY_TYPE, TYPE_ASSOCIATION
from simulator.shapes import Record, Reference, Shape

SHAPES: dict[str, Shape] = {
    "company": COMPANY,
    "companyType": COMPANY_TYPE,
    "companyStatus": COMPANY_STATUS,
    "typeAssociation": TYPE_ASSOCIATION,
    "catalogItem": CATALOG_ITEM,
    "category": CATEGORY,
    "subcategory": SUBCATEGORY,
    "productType": PRODUCT_TYPE,
    "unitOfMeasure": UNIT_OF_MEASURE,
    "agreement": AGREEMENT,
    "agreementType": AGREEMENT_TYPE,
    "billingCycle": BILLING_CYCLE,
    "addition": ADDITION,
}


def references_of(shape: Shape) -> Iterable[tuple[str, Reference]]:
    """The fields of a shape that point at other records."""
    return ((name, field.reference) for name, field in shape.fields.items() if field.reference is not None)


class Table:
    """The records of one kind by id, and the member who owns each."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.shape = SHAPES[name]
        self.rows: dict[int, Record] = {}
        self.owners: dict[int, str] = {}
        self.last_id = 0

    def add(self, record: Record, member: str, at: str) -> Record:
        """Store a record under a new id and stamp who made it when. Ids are never used twice."""
        self.last_id += 1
        stored = {"id": self.last_id, **record}
        stored["_info"] = {"lastUpdated": at, "updatedBy": member, "dateEntered": at, "enteredBy": member}
        self.rows[self.last_id] = stored
        self.owners[self.last_id] = member
        return stored

    def change(self, record_id: int, record: Record, member: str, at: str) -> Record:
        """Put a record in the place of an older state and stamp who changed it when."""
        stored = {**record, "id": record_id}
        stored["_info"] = {**self.rows[record_id]["_info"], "lastUpdated": at, "updatedBy": member}
        self.rows[record_id] = stored
        return stored

    def remove(self, record_id: int) -> None:
        del self.rows[record_id]
        self.owners.pop(record_id, None)

    def by_text(self, field: str, text: str) -> Record | None:
        """The first record whose field holds the text, in any case."""
        wanted = text.casefold()
        return next((row for row in self.rows.values() if str(row.get(field, "")).casefold() == wanted), None)


class Tables:
    """All tables of one tenant, the additions of each agreement and the type associations of each company."""

    def __init__(self) -> None:
        self.by_name = {name: Table(name) for name in SHAPES}
        self.additions_of: dict[int, list[int]] = {}
        self.associations_of: dict[int, list[int]] = {}

    def __getitem__(self, name: str) -> Table:
        return self.by_name[name]

    def additions(self, agreement_id: int) -> Iterator[Record]:
        """The additions of an agreement in order of id."""
        rows = self["addition"].rows
        return (rows[addition_id] for addition_id in self.additions_of.get(agreement_id, ()))

    def add_addition(self, record: Record, member: str, at: str) -> Record:
        stored = self["addition"].add(record, member, at)
        self.additions_of.setdefault(stored["agreementId"], []).append(stored["id"])
        return stored

    def remove_addition(self, addition_id: int) -> None:
        agreement_id = self["addition"].rows[addition_id]["agreementId"]
        self["addition"].remove(addition_id)
        self.additions_of[agreement_id].remove(addition_id)

    def associate(self, company: Record, company_type: Record, member: str, at: str) -> Record:
        """Give a company one more type; both ways of reading it, the company's `types` and the association, agree."""
        table = self["typeAssociation"]
        of = {name: company[name] for name in ("id", "identifier", "name")}
        stored = table.add(
            {"type": {"id": company_type["id"], "name": company_type["name"]}, "company": of}, member, at
        )
        self.associations_of.setdefault(company["id"], []).append(stored["id"])
        self.show_types(company["id"])
        return stored

    def dissociate(self, association_id: int) -> None:
        company_id = self["typeAssociation"].rows[association_id]["company"]["id"]
        self["typeAssociation"].remove(association_id)
        self.associations_of[company_id].remove(association_id)
        self.show_types(company_id)

    def associations(self, company_id: int) -> list[Record]:
        rows = self["typeAssociation"].rows
        return [rows[association_id] for association_id in self.associations_of.get(company_id, ())]

    def show_types(self, company_id: int) -> None:
        """Write a company's `types` again from its associations."""
        company = self["company"].rows.get(company_id)
        if company is not None:
            company["types"] = [dict(each["type"]) for each in self.associations(company_id)]

    def set_types(self, company: Record, types: list[Record], member: str, at: str) -> None:
        """Give a company these types and no others."""
        for association in self.associations(company["id"]):
            self.dissociate(association["id"])
        for each in types:
            self.associate(company, each, member, at)

    def reference_to(self, reference: Reference, row: Record) -> dict[str, Any]:
        """A row as a reference shows it."""
        shown: dict[str, Any] = {}
        for name in reference.fields:
            value = row.get(name)
            if name == "type" and isinstance(value, dict):
                value = value.get("name")
            if value is not None:
                shown[name] = value
        return shown

    def resolve(self, reference: Reference, given: dict[str, Any]) -> dict[str, Any] | None:
        """The reference that a client means by an id, an identifier or a name; None when there is no such record.

        Where the simulator keeps no records of the kind, the members it shows are taken as they come.
        """
        if reference.table is None:
            return {name: given[name] for name in reference.fields if given.get(name) is not None}
        table = self.by_name[reference.table]
        found: Record | None = None
        if given.get("id") is not None:
            found = table.rows.get(given["id"])
        else:
            for name in ("identifier", "name"):
                if name in table.shape.fields and isinstance(given.get(name), str):
                    found = table.by_text(name, given[name])
                    break
        return None if found is None else self.reference_to(reference, found)

    def refresh_references(self, table_name: str, row: Record) -> None:
        """Write all references to a row again, after it was renamed."""
        for table in self.by_name.values():
            pointing = [each for each in references_of(table.shape) if each[1].table == table_name]
            for record in table.rows.values() if pointing else ():
                for name, reference in pointing:
                    if record.get(name, {}).get("id") == row["id"]:
                        record[name] = self.reference_to(reference, row)
        if table_name == "companyType":
            for company_id in self.associations_of:
                self.show_types(company_id)

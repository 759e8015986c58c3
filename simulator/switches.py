"""Where the sources disagree, a switch per tenant chooses; the default is the likelier or the safer reading.

Set them when a tenant is made or later: `PATCH /_simulator/tenants/{company id}/switches`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args, get_origin


@dataclass(frozen=True, slots=True)
class Switches:
    missing_client_id_status: Literal[403, 400, 401] = 403
    """Answer to a call without a `clientId` header."""
    known_client_ids: tuple[str, ...] = ()
    """If any are named, another clientId is treated like a missing one; otherwise every clientId is taken."""
    wrong_keys_status: Literal[401, 404] = 401
    """On cloud a wrong company id or key may answer 404 instead."""
    wrong_keys_body: Literal["unauthorized", "user_not_authenticated", "incorrect_key"] = "unauthorized"
    company_id_case_sensitive: bool = True
    """Whether the login company id in the credentials must have the exact case; discovery never minds."""
    system_info_needs_auth: bool = True
    """Without it `system/info` answers anybody: the tenant that the credentials name, or the first that is open."""
    setup_tables_need_right: bool = True
    """The guide says setup tables answer without rights on them; vendors ask for Table Setup Inquire all the same."""
    is_cloud_as: Literal["boolean", "string"] = "boolean"
    site_url_field: bool = True
    """Whether companyinfo carries `SiteUrl`."""
    ssl_required: Literal["never", "without_api_prefix"] = "never"
    """`without_api_prefix` refuses REST calls whose Host header lacks the `api-` prefix."""
    ssl_required_status: Literal[403, 401] = 403
    """The status of that refusal; only its body was recorded."""
    errors_member: Literal["absent", "null"] = "absent"
    """What refusals that have no inner errors say of `errors`."""
    empty_references: bool = False
    """Whether a reference to nothing is shown as `{}`, as some recorded payloads do, instead of being left out."""
    fields_not_in_conditions: tuple[str, ...] = ()
    """Fields that are answered but not recognized in `conditions`, as one self-hosted system has some."""
    unordered_lists: Literal["by_id", "newest_change_first"] = "by_id"
    """How a list comes without `orderBy`; not documented."""
    link_host: Literal["as_requested", "without_api_prefix"] = "as_requested"
    one_page_link: Literal["absent", "last"] = "absent"
    """What a list that fits one page says in its Link header."""
    oversized_page: Literal["cap", "refuse"] = "cap"
    """A `pageSize` above 1,000."""
    forward_only_companies_fail: bool = False
    """The 500 `String was not recognized as a valid Boolean.` once seen on companies in forward-only mode."""
    quote_escapes: Literal["both", "backslash", "doubled", "none"] = "both"
    in_child_conditions: bool = True
    """Whether `childConditions` knows `in`; the guide's list of operators leaves it out."""
    date_conditions: Literal["exact", "day_after"] = "exact"
    """`day_after`: as on one self-hosted system, `>=` with a date behaves like `>` on whole days."""
    duplicate_identifier: Literal["ObjectExists", "Copy0"] = "ObjectExists"
    additions_list: Literal["all", "active_only"] = "all"
    addition_status_field: bool = False
    """Whether additions also carry `additionStatus`, as in the user interface."""
    post_to_ended_agreement: Literal["accept", "refuse"] = "accept"
    """An addition for a cancelled or expired agreement; not documented."""
    revalidate_additions: bool = True
    """Whether a PATCH of an addition checks the whole stored record again, as it does on companies."""
    put_keeps_missing: bool = False
    """Whether PUT keeps fields that the body leaves out, instead of setting them to defaults or null."""
    new_records_listed_after_seconds: float = 0
    """Delay until a new addition appears in lists; nothing is documented, one public script waits 5 s."""
    double_slash_hrefs: bool = True
    """`_info` links with the double slash that recorded payloads show."""
    refused_versions: tuple[str, ...] = ()
    """Model versions that the endpoints reject, for example `2019.1`."""
    longest_url: int = 2000
    """Characters, host included; above it 414. The guide says to keep under 2,000."""
    requests_per_minute: int | None = None
    """Above it a tenant gets 429. The guide calls more than 1,000 likely to be throttled."""


def explained() -> dict[str, dict[str, Any]]:
    """Every switch with its default and the values that it takes, JSON-ready."""
    return {each.name: {"default": each.default, "takes": values_of(each.type)} for each in fields(Switches)}


def values_of(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " | ".join(map(str, get_args(kind)))
    if get_origin(kind) is tuple:
        return "a list of texts"
    if kind is bool:
        return "true | false"
    return {float: "seconds", int: "a number above 0"}.get(kind, "a number above 0, or null")


def changed(switches: Switches, changes: Mapping[str, Any]) -> Switches:
    """The switches with some of them set anew.

    Raises: ValueError for an unknown switch or a value it does not take.
    """
    known = {each.name: each.type for each in fields(Switches)}
    values: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in known:
            raise ValueError(f"no switch {name[:40]!r}; there are {', '.join(known)}")
        values[name] = fitting(name, known[name], value)
    return replace(switches, **values)


def fitting(name: str, kind: Any, value: Any) -> Any:
    if get_origin(kind) is Literal:
        if value in get_args(kind) and not isinstance(value, bool):
            return value
        raise ValueError(f"{name} is one of {', '.join(map(str, get_args(kind)))}")
    if get_origin(kind) is tuple:
        if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
            return tuple(value)
        raise ValueError(f"{name} is a list of texts")
    if kind is bool:
        if isinstance(value, bool):
            return value
        raise ValueError(f"{name} is true or false")
    if kind is float:
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return float(value)
        raise ValueError(f"{name} is a number of seconds")
    if (value is None and kind is not int) or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    raise ValueError(f"{name} is a number above 0{'' if kind is int else ', or null'}")

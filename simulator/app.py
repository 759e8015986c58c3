"""The simulator as one Starlette application: the PSA at the root, the admin path at `/_simulator/`."""

import random
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.routing import Mount

from simulator.admin import admin_routes
from simulator.clock import Now, system_now
from simulator.demo import DEMO_COMPANY_ID
from simulator.directory import Directory
from simulator.psa import psa
from simulator.tenant_recipes import Recipe, make_tenant

DEMO: Recipe = {"company_id": DEMO_COMPANY_ID}


def create_app(recipes: Sequence[Recipe] = (DEMO,), *, now: Now = system_now, seed: int = 1) -> Starlette:
    """Compose a simulator with these tenants (see `tenant_recipes`); by default the demo tenant alone.

    `now` is the time of all tenants until they get one of their own; `seed` decides the latencies that are drawn.
    Raises: ValueError for a recipe that does not make sense, or two of one company.
    """
    directory = Directory(now)
    made: dict[str, Recipe] = {}
    for recipe in recipes:
        tenant = make_tenant(directory, recipe)
        if (other := directory.find(tenant.company_id)) is not None:
            raise ValueError(f"there is a tenant {other.company_id} already")
        directory.add(tenant)
        made[tenant.company_id.lower()] = recipe
    app = Starlette(routes=[*admin_routes(directory, made), Mount("/", app=psa(directory, random.Random(seed)))])
    app.state.directory = directory
    return app

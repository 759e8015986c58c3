"""A ConnectWise PSA of our own, over HTTP: for the demo, for tests and for benches, usable by outsiders alone.

It shares no code with what it tests and imports the standard library, starlette, uvicorn (over httptools) and orjson
only.
What it does follows the vendor's developer guide, its OpenAPI document and what public clients recorded;
where those disagree there is a switch per tenant (`switches`). Start it with `main`, compose it with
`app.create_app`, run it in a test with `server.running`.
"""

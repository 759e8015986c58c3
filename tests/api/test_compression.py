"""Large answers travel compressed to whoever reads that. That events are not is shown where they are followed."""

from tests.api.harness import Api

LARGE = "{ __schema { types { name description fields { name } } } }"


def test_a_large_answer_is_compressed_for_who_reads_that(api: Api) -> None:
    bearer = {"Authorization": f"Bearer {api.admin().token}"}

    compressed = api.post({"query": LARGE}, {**bearer, "Accept-Encoding": "gzip"})
    plain = api.post({"query": LARGE}, {**bearer, "Accept-Encoding": "identity"})

    assert ("gzip", None) == (compressed.headers.get("Content-Encoding"), plain.headers.get("Content-Encoding"))
    assert compressed.body == plain.body
    assert int(compressed.headers["Content-Length"]) * 4 < int(plain.headers["Content-Length"])


def test_a_small_answer_is_not(api: Api) -> None:
    answer = api.post(
        {"query": "{ serverTime }"}, {"Authorization": f"Bearer {api.admin().token}", "Accept-Encoding": "gzip"}
    )

    assert "Content-Encoding" not in answer.headers

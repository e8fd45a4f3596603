"""Refusals carry what every door needs: status, detail and extra."""

from lib.errors import Forbidden, NotFound, Refused


def test_a_refusal_has_status_detail_and_extra():
    error = Refused("Not yet.", allowed=["confirmed"])
    assert (error.status, str(error), error.extra) == (409, "Not yet.", {"allowed": ["confirmed"]})
    assert Refused("Gone.", status=410).status == 410
    assert Refused.status == 409


def test_forbidden_and_not_found_have_words_of_their_own():
    assert (Forbidden().status, str(Forbidden())) == (403, "You may not do this.")
    assert (NotFound().status, str(NotFound("No such row."))) == (404, "No such row.")

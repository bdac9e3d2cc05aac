"""Whatever is given as an address is refused in one sentence or taken, and shows no password either way."""

from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from flows import settings
from pipelines.errors import UsageError

WORDS = st.text(st.characters(exclude_categories=("Cs", "Z", "C"), exclude_characters="/'\"@?#[]:"), min_size=1)
PARTS = st.one_of(
    WORDS, st.sampled_from(["http://", "https:", "//", "@", ":", "[", "]", "?", "#", " ", "\x1b[31m", "\n", ":99999"])
)


@given(st.lists(PARTS).map("".join))
def test_prepare_refuses_or_takes_any_address(address: str) -> None:
    environ = {settings.ADDRESS: address}
    sentence = ""
    try:
        settings.prepare(environ)
    except UsageError as error:
        sentence = str(error)
    assert sentence.isprintable()
    assert sentence or "@" not in urlsplit(environ[settings.ADDRESS]).netloc


@given(WORDS, WORDS, st.lists(PARTS).map("".join), st.lists(PARTS).map("".join))
def test_hide_credentials_hides_a_password_in_any_text(user: str, host: str, before: str, after: str) -> None:
    secret = "pass/w@rd"
    shown = settings.hide_credentials(f"{before} http://{user}:{secret}@{host} {after}")
    assert secret not in shown
    assert host in shown

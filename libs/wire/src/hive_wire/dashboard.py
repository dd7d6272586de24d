"""What the dashboard answers over NATS; the page itself is HTTP (`page.py`)."""

from hive_wire.model import Empty, Secret, Timestamp, Wire
from hive_wire.names import Role
from hive_wire.verb import Verb

SERVICE = "dashboard"


class LoginCode(Wire):
    """A code that logs one browser in, once."""

    address: Secret
    """The address to open, the code in its fragment."""
    expires_at: Timestamp


MAKE_LOGIN_CODE = Verb(
    SERVICE, "make_login_code", Empty, LoginCode, frozenset({Role.OPERATOR}),
    "Make a single-use login code for the page.", repeatable=False,
)  # fmt: skip
VERBS = (MAKE_LOGIN_CODE,)

"""Claims, credentials and names, without a server."""

import base64
import json
from pathlib import Path

import nkeys
import pytest
from hive_kit.identity import AccountFile, MalformedCreds, SigningKey, jwt, mint, parse_creds
from hive_wire.errors import ErrorCode, Refusal
from hive_wire.permissions import SigningRole, permissions_for

NOW = 1_800_000_000


def key(role: SigningRole) -> SigningKey:
    account = jwt.public_key(jwt.new_account_seed())
    return SigningKey(role=role, account=account, seed=jwt.new_account_seed())


def test_a_token_is_signed_by_the_key_that_it_names() -> None:
    agents = key(SigningRole.AGENT)
    token = mint(agents, "scout", NOW).jwt
    signed, _, signature = token.rpartition(".")
    verifier = nkeys.from_seed(bytearray(agents.seed.encode()))
    assert verifier.verify(signed.encode(), base64.urlsafe_b64decode(signature + "=="))
    assert jwt.decode(token)["iss"] == jwt.public_key(agents.seed)


def test_minted_claims_carry_no_permissions_of_their_own() -> None:
    agents = key(SigningRole.AGENT)
    claims = jwt.decode(mint(agents, "scout", NOW).jwt)
    assert claims["nats"] == {"type": "user", "issuer_account": agents.account, "version": 2}
    assert (claims["name"], claims["iat"]) == ("scout", NOW)


def test_credentials_survive_their_text() -> None:
    creds = mint(key(SigningRole.AGENT), "scout", NOW)
    again = parse_creds(creds.text)
    assert again == creds
    assert again.public_key == jwt.public_key(creds.seed)
    assert again.name == "scout"


def test_each_minting_makes_a_new_user_key() -> None:
    agents = key(SigningRole.AGENT)
    assert mint(agents, "scout", NOW).public_key != mint(agents, "scout", NOW).public_key


@pytest.mark.parametrize("text", ["", "-----BEGIN NATS USER JWT-----", json.dumps({"jwt": 1})])
def test_text_that_holds_no_credentials_is_refused(text: str) -> None:
    with pytest.raises(MalformedCreds):
        parse_creds(text)


@pytest.mark.spec("OPS-12", door="wire")
@pytest.mark.parametrize("name", ["*", ">", "a.b", "a b", "Bob", "1st", "-a", "", "a" * 32, "bob\n", "ünal", "a*"])
def test_a_name_that_would_carry_rights_is_never_minted(name: str) -> None:
    with pytest.raises(Refusal) as refusal:
        mint(key(SigningRole.AGENT), name, NOW)
    assert refusal.value.code is ErrorCode.BAD_NAME


@pytest.mark.parametrize(
    ("role", "name"),
    [
        (SigningRole.AGENT, "operator"),
        (SigningRole.AGENT, "manager"),
        (SigningRole.AGENT, "broker"),
        (SigningRole.AGENT, "revoker"),
        (SigningRole.AGENT, "agent"),
        (SigningRole.AGENT, "system"),
        (SigningRole.MANAGER, "scout"),
        (SigningRole.MANAGER, "operator"),
        (SigningRole.OPERATOR, "manager"),
        (SigningRole.SERVICE, "scout"),
        (SigningRole.SERVICE, "operator"),
    ],
)
def test_a_role_mints_no_other_roles_names(role: SigningRole, name: str) -> None:
    with pytest.raises(Refusal) as refusal:
        mint(key(role), name, NOW)
    assert refusal.value.code is ErrorCode.RESERVED_NAME


def account_file(folder: Path) -> tuple[AccountFile, str, dict[SigningRole, str], str]:
    account = jwt.public_key(jwt.new_account_seed())
    keys = {role: jwt.public_key(jwt.new_account_seed()) for role in SigningRole}
    return AccountFile(folder / "account.json"), account, keys, jwt.new_operator_seed()


def test_an_account_that_did_not_change_is_not_signed_again(tmp_path: Path) -> None:
    file, account, keys, operator = account_file(tmp_path)
    first = file.ensure(account, keys, operator, NOW)
    assert file.ensure(account, keys, operator, NOW + 1000) == first


def test_every_role_has_a_scoped_key_with_the_permissions_of_the_wire(tmp_path: Path) -> None:
    file, account, keys, operator = account_file(tmp_path)
    claims = jwt.decode(file.ensure(account, keys, operator, NOW).token)
    scopes = {scope["role"]: scope for scope in claims["nats"]["signing_keys"]}
    assert set(scopes) == set(SigningRole)
    for role in SigningRole:
        template = scopes[role]["template"]
        assert scopes[role]["key"] == keys[role]
        assert template["pub"]["allow"] == list(permissions_for(role).publish)
        assert template["sub"]["allow"] == list(permissions_for(role).subscribe)


def test_two_revocations_in_one_second_give_two_times(tmp_path: Path) -> None:
    file, account, keys, operator = account_file(tmp_path)
    made = file.ensure(account, keys, operator, NOW)
    users = [jwt.public_key(jwt.new_user_seed()) for _ in range(2)]
    first, second = (file.revoke(user, operator, NOW) for user in users)
    assert made.issued_at < first.issued_at < second.issued_at
    assert set(second.revocations) == set(users)
    assert file.revoke(users[0], operator, NOW + 5) == second


def test_a_new_signing_keeps_the_revocations(tmp_path: Path) -> None:
    file, account, keys, operator = account_file(tmp_path)
    file.ensure(account, keys, operator, NOW)
    user = jwt.public_key(jwt.new_user_seed())
    file.revoke(user, operator, NOW)
    changed = {**keys, SigningRole.AGENT: jwt.public_key(jwt.new_account_seed())}
    again = file.ensure(account, changed, operator, NOW)
    assert set(jwt.decode(again.token)["nats"]["revocations"]) == {user}

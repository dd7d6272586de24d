import pytest
from hive_demo.mail import Mail, mails_in


def test_one_message_is_read_with_its_numbers() -> None:
    text = "from: operator\nmessage: #12\nin reply to: #9\n\nHello,\n\nhow are you?"
    assert mails_in(text) == [Mail("operator", "Hello,\n\nhow are you?", 12, 9)]


def test_several_messages_are_read_in_order_whatever_stands_before_them() -> None:
    text = "2 new messages\n\nfrom: scout\n\none\n---\nfrom: system\nmessage: #4\nredelivered: yes\n\ntwo\n"
    assert mails_in(text) == [Mail("scout", "one"), Mail("system", "two", 4)]


def test_a_rule_inside_a_body_belongs_to_the_body() -> None:
    assert mails_in("from: scout\n\none\n---\nstill one") == [Mail("scout", "one\n---\nstill one")]


def test_a_prompt_that_is_no_mail_has_none() -> None:
    assert mails_in("Please list the files.") == []


@pytest.mark.parametrize(
    ("mail", "reply"),
    [
        (Mail("ann", "Where is it?"), False),
        (Mail("ann", "There.", in_reply_to=3), True),
        (Mail("ann", "Thanks, bob."), True),
    ],
)
def test_a_reply_is_known_by_its_header_or_by_its_opening(mail: Mail, reply: bool) -> None:
    assert mail.is_reply is reply

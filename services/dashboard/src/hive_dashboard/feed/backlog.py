"""What snapshots can't hold: the operator's unhandled mail and open questions, taken page by page as a feed begins."""

from hive_kit.bus import Bus
from hive_wire import approvals, broker
from hive_wire.approvals import Question, QuestionList, QuestionsRequest
from hive_wire.broker import Message, MessageList, RecentRequest
from hive_wire.names import OPERATOR

from hive_dashboard.inbox import KEPT, KEPT_BYTES, is_unhandled

QUESTIONS = 5000
_PAGE = 500


async def unhandled_mail(operator: Bus) -> MessageList:
    """The newest mail that is not handled, oldest first, as much as an inbox holds. Raises Refusal."""
    found: list[Message] = []
    size, before, more = 0, None, True
    while more and len(found) < KEPT and size < KEPT_BYTES:
        page = await operator.call(broker.RECENT, RecentRequest(limit=_PAGE, open=True, before=before))
        mail = [message for message in page.messages if is_unhandled(message)]
        found = mail + found
        size += sum(len(message.body) for message in mail)
        more = page.more and bool(page.messages)
        before = page.messages[0].id if page.messages else None
    return MessageList(messages=found, more=more)


async def open_questions(operator: Bus) -> QuestionList:
    """The newest open questions to the operator, oldest first, up to a bound. Raises Refusal."""
    found: list[Question] = []
    before, more = None, True
    while more and len(found) < QUESTIONS:
        request = QuestionsRequest(to=OPERATOR, before=before, limit=_PAGE)
        page = await operator.call(approvals.QUESTIONS, request)
        found = page.questions + found
        numbers = [row.id for row in (*page.questions, *page.broken)]
        before = min(numbers, default=None)
        more = page.more and before is not None
    return QuestionList(questions=found, broken=[], more=more)

"""A language model behind any server that speaks the OpenAI wire."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from roadworthy.adapters.openai.exchange import Exchange, Failed
from roadworthy.adapters.openai.refusals import MOST_REQUESTS, Refusals, pause_s
from roadworthy.adapters.openai.wire import Asked, Dialect, Reply, read_refusal, read_reply
from roadworthy.charter import LanguageModelPlan, seconds
from roadworthy.errors import Unavailable
from roadworthy.ports.address import Address
from roadworthy.ports.language import Completion, Message, Unanswered
from roadworthy.quantities import Cost, Digest, digest_of
from roadworthy.usage import Price, Tokens

_PATH = "/chat/completions"
_NOTHING = Cost(0)
_NONE = Tokens()


@dataclass(frozen=True, slots=True)
class _Heard:
    """What came of one request: an answer, the words of a refusal, or what went wrong."""

    reply: Reply | None = None
    status: int = 0
    tokens: Tokens = _NONE
    cost: Cost = _NOTHING
    refusal: str | None = None
    word: str = ""
    trouble: str | None = None
    code: str = "RW-LLM-007"
    wait_s: float = 0.0
    final: bool = False


@dataclass(frozen=True, slots=True)
class _Bill:
    """What the requests for one answer came to."""

    tokens: Tokens
    cost: Cost
    requests: int


class OpenAiModel:
    """Asks ``POST {url}/chat/completions``. Several threads may ask at once.

    ``timeout`` of the plan is for the whole answer, with all requests it takes: busy servers (408, 425,
    429, 5xx), broken connections and answers that are no JSON are asked again up to four times with
    growing, jittered waits; ``Retry-After`` is obeyed where it fits into the time. Optional words a server
    refuses (``response_format``, ``seed``, ``temperature``, the name of ``max_tokens``) are left out, and
    not sent again by this process.

    Errors: ``InputProblem`` RW-LLM-001 and 002 when it is made; see ``complete``.
    """

    def __init__(
        self,
        plan: LanguageModelPlan,
        *,
        key: str,
        price: Price,
        wait: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan
        self._refusals = Refusals(
            plan, "language model", "question", "a shorter text may pass; the server's log says more"
        )
        self._exchange = Exchange(address := Address.parse(plan.url), _PATH, key=key)
        self._digest = digest_of({"wire": "openai/chat", "url": address.base, "model": plan.model})
        self._price = price
        self._dialect = Dialect()
        self._wait, self._chance, self._clock = wait, chance, clock

    def __repr__(self) -> str:
        return f"OpenAiModel({self._plan.model!r})"

    @property
    def name(self) -> str:
        return self._plan.model

    @property
    def digest(self) -> Digest:
        return self._digest

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int = 512,
        temperature: float = 0.0,
        seed: int = 1,
        schema: Mapping[str, object] | None = None,
    ) -> Completion:
        """One completion.

        Errors: ``InputProblem`` RW-LLM-003 for a refused key, RW-LLM-004 for a refused question, RW-LLM-005
        for a wrong address or model; ``Unavailable`` RW-LLM-006 where no answer came, RW-LLM-007 where none
        could be read. All are safe to try again; a further try may be billed again.
        """
        asked = Asked(self._plan.model, messages, max_tokens, temperature, seed, schema)
        dialect = self._dialect
        until = self._clock() + seconds(self._plan.timeout)
        billed, tokens, sent, tries = Cost(0), Tokens(), 0, 0
        while True:
            sent += 1
            heard = self._ask(asked, dialect, until)
            if heard.refusal is not None:
                other = dialect.after(heard.refusal, shaped=schema is not None)
                if other is None:
                    raise self._refusals.of_asked(heard.status, heard.word)
                dialect = other
                continue
            billed += heard.cost
            tokens += heard.tokens
            if heard.trouble is None and heard.reply is not None:
                self._dialect = dialect
                return _completion(heard.reply, tokens, billed, sent, fallback=self._plan.model)
            tries += 1
            self._pause(tries, heard, until, _Bill(tokens, billed, sent))

    def _ask(self, asked: Asked, dialect: Dialect, until: float) -> _Heard:
        """One request. Errors: those that no further request mends."""
        body = asked.body(dialect)
        try:
            answer = self._exchange.post(body, timeout_s=until - self._clock())
        except Failed as failure:
            # What can be tried again never came; what cannot came and is no use.
            code = "RW-LLM-006" if failure.again else "RW-LLM-007"
            return _Heard(trouble=failure.reason, code=code, final=not failure.again)
        if answer.status in {400, 422}:
            word, words = read_refusal(answer.body)
            return _Heard(status=answer.status, refusal=words, word=word)
        self._refusals.check(answer)
        reply = read_reply(answer.body, sent=body)
        heard = _Heard(reply=reply, status=answer.status, wait_s=answer.wait_s)
        if not 200 <= answer.status < 300:
            heard = replace(heard, trouble=f"it answers with status {answer.status}", code="RW-LLM-006")
        elif reply is None:
            heard = replace(heard, trouble="its answer is no JSON object")
        elif reply.text is None:
            heard = replace(heard, trouble="its answer holds no text")
        # What failed is counted as billed where the server says so; what came, in any case.
        if reply is not None and (heard.trouble is None or reply.usage.told):
            usage = reply.usage
            heard = replace(heard, tokens=usage.tokens, cost=usage.cost(self._price))
        return heard

    def _pause(self, tries: int, heard: _Heard, until: float, bill: _Bill) -> None:
        """Wait before the next request, or give up with what went wrong last."""
        pause = pause_s(tries, self._chance(), asked_s=heard.wait_s)
        if heard.final:
            how = ""
        elif tries >= MOST_REQUESTS:
            how = f" after {tries} requests"
        elif pause >= until - self._clock():
            how = f" within {self._plan.timeout}"
        else:
            self._wait(pause)
            return
        waits = f", and asks to wait {heard.wait_s:.0f} s" if heard.wait_s else ""
        cost = f"; {bill.cost} were billed" if bill.cost.nano else ""
        message = (
            f"the language model `{self._plan.model}` gave no answer{how}: {heard.trouble}{waits}{cost}"
        )
        hint = "try again later; a further request may be billed again"
        if heard.code == "RW-LLM-006":
            problem = Unavailable("RW-LLM-006", message, retry_is_safe=True, hint=hint)
        else:
            problem = Unavailable("RW-LLM-007", message, retry_is_safe=True, hint=hint)
        raise Unanswered(problem, tokens=bill.tokens, cost=bill.cost, requests=bill.requests)


def _completion(reply: Reply, tokens: Tokens, cost: Cost, sent: int, *, fallback: str) -> Completion:
    return Completion(
        text=reply.text or "",
        tokens=tokens,
        cost=cost,
        model=reply.model or fallback,
        ended=reply.ended,
        refused=reply.refused,
        estimated=not reply.usage.told,
        requests=sent,
    )

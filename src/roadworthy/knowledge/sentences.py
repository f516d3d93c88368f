"""Sentences of an answer or a passage, and the words in them, in English and German."""

from __future__ import annotations

import re
import unicodedata

# All patterns below are linear: they are run on text from outside.
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_BREAK = re.compile(r"(?<=[.!?…])[\"'”’)\]]?\s+|\n\s*\n|\n(?=\s*(?:[-*•]|\d{1,2}[.)])\s)|\n")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")


def listed(words: str) -> frozenset[str]:
    """The words of a list that is written as text."""
    return frozenset(words.split())


_ABBREVIATED = listed(
    "mr mrs ms dr prof no nr st vs approx incl etc e.g i.e z.b d.h u.a bzw ca ggf inkl art abs tel str usw fr hr"
)
_LONGEST_PIECE = 800
_STEM = 5

STOPWORDS = listed("""a an the and or but if then so as at by for from in into of on onto to up with about over under after before
    is are was were be been being am do does did has have had will would can could may might must shall should
    i you he she it we they me him her us them my your his its our their this that these those there here who whom
    which what when where how than too very just also only own same such both each any all some more most other
    der die das den dem des ein eine einen einem einer eines und oder aber wenn dann als am an auf aus bei bis durch
    für gegen im in ins mit nach seit über um unter von vom vor zu zum zur ist sind war waren sein wird werden wurde
    hat haben hatte kann können könnte muss müssen soll sollen darf dürfen ich du er sie es wir ihr mich dich sich
    uns euch ihn ihm ihnen mein dein unser euer dies diese dieser dieses jene wer was wie wo wann dass ob auch nur
    schon noch sehr so denn da hier dort man bitte""")
NEGATIONS = listed("""not no never none nobody nothing neither cannot without don't doesn't didn't won't can't isn't aren't
    wasn't weren't shouldn't wouldn't couldn't mustn't haven't hasn't hadn't nicht kein keine keinen keinem keiner
    keines nie niemals nichts niemand ohne weder""")
_COURTESY = listed("""thank thanks message email mail inquiry enquiry question questions contacting reaching writing write regards
    kind kindly best sincerely hello hi dear sorry hear hope helps help team support let know further happy glad
    assist feel free please welcome day great nice yours truly contact again
    danke vielen dank nachricht anfrage frage fragen hallo liebe lieber guten tag sehr geehrte geehrter geehrten
    damen herren freundlichen freundliche grüße grüßen gruß mfg gern gerne hilft helfen weiter weiteren weitere
    verfügung stehen melden freuen hoffe hoffen team""")


def sentences(text: str) -> list[str]:
    """The sentences of a text; lines and list entries end one too, common abbreviations do not."""
    found: list[str] = []
    for piece in _BREAK.split(text):
        bare = _BULLET.sub("", piece).strip()
        if not bare:
            continue
        if found and _goes_on(found[-1]):
            found[-1] += " " + bare
        else:
            found.append(bare)
    return found


def pieces(text: str) -> list[str]:
    """The text in pieces of whole sentences, at most 800 characters each where its sentences allow."""
    found: list[str] = []
    for sentence in sentences(text):
        for start in range(0, len(sentence), _LONGEST_PIECE):
            part = sentence[start : start + _LONGEST_PIECE]
            if found and len(found[-1]) + len(part) < _LONGEST_PIECE:
                found[-1] += " " + part
            else:
                found.append(part)
    return found


def words(text: str) -> list[str]:
    """Its words in small letters, apostrophes unified."""
    return [each.group().replace("’", "'").casefold() for each in _WORD.finditer(normal(text))]


def stems(text: str) -> frozenset[str]:
    """Content words, cut to their stems; numbers are not among them."""
    return frozenset(
        stem(each)
        for each in words(text)
        if each not in STOPWORDS and each not in NEGATIONS and not each[0].isdigit() and len(each) > 1
    )


def stem(word: str) -> str:
    """A word in small letters without its ending: its first five letters, plural `s` of short ones cut."""
    return word[:_STEM] if len(word) > _STEM else word.removesuffix("s")


def negated(text: str) -> bool:
    """It holds an odd number of negations: `not without` affirms. `neither … nor` is one."""
    return sum(each in NEGATIONS for each in words(text)) % 2 == 1


def is_courtesy(sentence: str) -> bool:
    """Nothing but greeting, thanks or an offer of help: every content word is one of courtesy."""
    content = [each for each in words(sentence) if each not in STOPWORDS]
    return all(each in _COURTESY for each in content)


def normal(text: str) -> str:
    """Compatible forms unified (NFKC), so that a full-width digit is a digit."""
    return unicodedata.normalize("NFKC", text)


def _goes_on(text: str) -> bool:
    """It ends in an abbreviation or a lone number (`on the 3.`), so that the sentence is not over."""
    last = text.rsplit(None, 1)[-1].casefold()
    if not last.endswith("."):
        return False
    bare = last.rstrip(".")
    return (
        bare in _ABBREVIATED or (bare.isdigit() and len(bare) <= 2) or (len(bare) == 1 and bare.isalpha())
    )

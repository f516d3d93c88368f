"""Sentences that speak to a model instead of a reader.

A finding is a reason to look, no verdict. Injected tasks that read like anybody's sentence ("what is the capital of
Brazil?") are not found by any pattern: what protects from those is that documents never hold authority. The
patterns are of what such texts have to say: that earlier instructions end, who the reader is now, what a model is
to reveal, remember or send. `benchmarks/knowledge/suspicion.py` measures them on texts that they were not written to.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

LONGEST_SENTENCE: Final = 300
_MOST = 20
_BLOB = re.compile(r"[A-Za-z0-9+/_-]{40,20000}={0,2}")
_MOST_BLOBS = 50

_WHOSE = "(?:your|all|any|the|these|those|every|previous|prior|above|earlier|preceding|foregoing|original|system|safety|of)"

# Verb and object of "forget your instructions", by language. Between the two stand at most five words.
_CEASE = {
    "en": (
        "ignor(?:e|ing)|disregard(?:ing)?|forget|override|overrule|bypass|discard|do not (?:follow|obey)|stop following",
        f"{_WHOSE}(?: (?:{_WHOSE}|and|or|other))* (?:instructions?|prompts?|directives?|guidelines?|guardrails|programming|system messages?)",
    ),
    "en2": (
        "ignor(?:e|ing)|disregard(?:ing)?|forget|override|discard",
        "(?:everything|anything|all|what(?:ever)?)(?: (?:that|was|is|you|were|have|been|had|i))* (?:above|before this|said before|told|instructed|written above)",
    ),
    "de": (
        "ignorier(?:e|en sie|t)?|vergiss|vergessen sie|missachte(?:n sie)?|missachten|verwirf|uberschreibe|beachte(?:n sie)? nicht",
        r"(?:\w+ ){0,4}(?:anweisung(?:en)?|instruktionen|systemanweisungen|vorgaben von oben|prompts?|systemprompt)",
    ),
    "fr": (
        "ignore[zr]?|oublie[zr]?|ne tien[st] pas compte|ne tenez pas compte|desobei[st]",
        r"(?:\w+ ){0,4}(?:instructions?|consignes|directives|prompts?)(?: \w+){0,2}",
    ),
    "es": (
        "ignor[ae]r?|ignor[ae]d|olvida|olvide|olvidar|descarta|omite|haz caso omiso de",
        r"(?:\w+ ){0,4}(?:instrucciones|indicaciones|directrices|ordenes|prompts?)",
    ),
    "it": (
        "ignora(?:re|te)?|dimentica(?:re|te)?|trascura(?:re)?|non seguire",
        r"(?:\w+ ){0,4}(?:istruzioni|direttive|indicazioni precedenti|prompt)",
    ),
    "pt": (
        "ignore|ignorar|ignora|esqueca|esquece|desconsidere|desconsidera",
        r"(?:\w+ ){0,4}(?:instrucoes|diretrizes|orientacoes anteriores|prompts?)",
    ),
    "nl": (
        "negeer|vergeet|sla",
        r"(?:\w+ ){0,4}(?:instructies|aanwijzingen|opdrachten|prompts?)(?: over)?",
    ),
    "pl": (
        "zignoruj|ignoruj|zapomnij(?: o)?|pomin|nie stosuj sie do",
        r"(?:\w+ ){0,4}(?:instrukcj[eiai]|instrukcjach|polecen(?:ia)?|wskazowki|wytyczne|prompt)",
    ),
    "sv": ("ignorera|glom|bortse fran", r"(?:\w+ ){0,4}(?:instruktioner(?:na)?|anvisningar(?:na)?|prompten)"),
    "da": ("ignorer|glem|se bort fra|se bort ifra", r"(?:\w+ ){0,4}(?:instruktioner(?:ne)?|instrukser|anvisninger|instruksjon(?:er|ene))"),
    "cs": ("ignoruj(?:te)?|zapomen(?:te)?(?: na)?", r"(?:\w+ ){0,4}(?:instrukce|pokyny|prikazy|instrukcie)"),
    "ro": ("ignora(?:ti)?|uita(?:ti)?", r"(?:\w+ ){0,3}(?:instructiunile|indicatiile)(?: \w+){0,2}"),
    "hu": ("hagyd figyelmen kivul|felejtsd el|ne vedd figyelembe", r"(?:\w+ ){0,4}(?:utasitas\w*|instrukcio\w*)"),
    "fi": ("unohda|ala valita|jata huomiotta|ohita", r"(?:\w+ ){0,4}(?:ohjeet|ohjeista|kaskyt)"),
    "tr": ("onceki|yukaridaki", r"(?:\w+ ){0,2}(?:talimatlari|yonergeleri|komutlari) (?:\w+ )?(?:yok say|unut|gormezden gel|dikkate alma)\w*"),
    "ru": ("игнорируи(?:те)?|проигнорируи(?:те)?|забудь(?:те)?|не обращаи(?:те)? внимания на", r"(?:\w+ ){0,4}(?:инструкци[июя]|указани[яй]|команды|промпт)"),
    "uk": ("ігноруи(?:те)?|проігноруи(?:те)?|забудь(?:те)?", r"(?:\w+ ){0,4}(?:інструкціі|вказівки|команди)"),
    "el": ("αγνοησε|αγνοηστε|ξεχασε|ξεχαστε", r"(?:\w+ ){0,4}(?:οδηγιεσ|εντολεσ)"),
}  # fmt: skip

_MODEL = r"(?:ai|a i|llm|gpt|chatgpt|language model|large language model|ai model|ai agent|ai assistant|virtual assistant|chatbot|chat bot|ki|sprachmodell|ki assistent(?:in)?|ia|modele de langage|modelo de lenguaje|modello linguistico|modelo de linguagem|taalmodel|sprakmodell|model jezykowy)"
_PROMPT = r"(?:system|hidden|initial|developer|secret|internal|original|full|base) (?:prompts?|instructions?|messages?)"
_REVEAL = r"(?:reveal|print|show|repeat|output|leak|disclose|display|dump|expose|recite|tell me|send me|give me|include|paste|echo|copy)"

_OTHERS: Final = (
    # Who you are now.
    rf"you are (?:now|no longer)(?: \w+){{0,4}} (?:{_MODEL}|assistant|model|bot|dan|agent|jailbroken|unrestricted|unfiltered|root|system administrator)",
    r"(?:you are now in|enter|enable|activate|switch (?:in)?to|entering) (?:a |the )?(?:developer|dan|jailbreak|god|debug|admin|root|sudo|maintenance|unrestricted|unsafe) mode",
    rf"(?:act|behave|respond|answer|speak) as (?:if you (?:are|were) )?(?:an? |the )?(?:\w+ )?(?:{_MODEL}|dan|jailbroken|unrestricted|unfiltered|root user)\b",
    r"pretend (?:that )?(?:you (?:are|have)|to (?:be|have)) (?:\w+ ){0,3}(?:ai|model|assistant|administrator|root|developer|restrictions?|rules|filters?|limits?)",
    rf"(?:du bist|sie sind) (?:jetzt|nun|ab sofort|nicht (?:mehr|langer))(?: \w+){{0,3}} (?:{_MODEL}|assistent(?:in)?|modell|bot|administrator|uneingeschrankt\w*)",
    rf"(?:tu es|vous etes) (?:maintenant|desormais)(?: \w+){{0,3}} (?:{_MODEL}|assistant|modele|bot|administrateur)",
    rf"(?:ahora eres|eres ahora|a partir de ahora eres)(?: \w+){{0,3}} (?:{_MODEL}|asistente|modelo|bot|administrador)",
    rf"(?:ora sei|adesso sei|da ora in poi sei)(?: \w+){{0,3}} (?:{_MODEL}|assistente|modello|bot|amministratore)",
    rf"(?:agora voce e|voce agora e|tu es agora)(?: \w+){{0,3}} (?:{_MODEL}|assistente|modelo|bot)",
    rf"je bent (?:nu|vanaf nu)(?: \w+){{0,3}} (?:{_MODEL}|assistent|model|bot)",
    # To a model by name.
    rf"(?:attention|note|notice|message|instructions?|reminder|important|hinweis|anweisung(?:en)?|achtung|nachricht|attention|instructions?) (?:to|for|fur|an|a|pour|para|per)(?: (?:the|any|all|every|die|alle|das|jede|toute?s?|les?|la|cualquier|il))*(?: \w+)? (?:{_MODEL}|assistants?|agents?|summari[sz]ers?|crawlers?)\b",
    rf"(?:if you are|as|since you are|wenn du|si tu es|si vous etes|si eres|se sei) (?:an?|the|eine?|une?|un) (?:\w+ ){{0,2}}{_MODEL}(?: \w+){{0,5}} (?:you (?:must|should|will|shall|need)|do |please|ignore|include|respond|answer|reply|musst|bist|dois|devez|debes|devi)",
    r"(?:from now on|starting now|henceforth|ab (?:jetzt|sofort)|desormais|a partir de ahora|d ora in poi),? (?:always |you (?:will |must |shall |should )?|immer )?(?:respond|answer|reply|act|behave|treat|ignore|obey|comply|pretend|only (?:respond|answer|reply)|antworte|reponds|responde|rispondi)\b",
    r"(?:new|updated|revised|actual|real|true) (?:system )?(?:instructions?|directive|prompt)s? (?:for|to) (?:you|the (?:assistant|model|agent|ai))",
    # What a model is to reveal.
    rf"{_REVEAL}(?: \w+){{0,4}} (?:your|the|its|this)(?: \w+){{0,2}} {_PROMPT}",
    rf"{_REVEAL}(?: \w+){{0,2}} your (?:\w+ )?(?:prompt|instructions|guidelines|system message)",
    rf"{_REVEAL} {_PROMPT}",
    r"(?:gib|zeige?|nenne?|verrate?|wiederhole?)(?: \w+){0,4} (?:systemprompt|system prompt|systemanweisung(?:en)?|(?:versteckten?|internen?|urspruenglichen?|ursprunglichen?) anweisung(?:en)?)",
    r"(?:revele[zr]?|affiche[zr]?|montre[zr]?|repete[zr]?)(?: \w+){0,4} (?:prompt systeme|instructions (?:systeme|internes|cachees|initiales))",
    r"(?:revela|muestra|imprime|repite|rivela|mostra|stampa|ripeti|revele|mostre)(?: \w+){0,4} (?:prompt (?:del sistema|de sistema|do sistema|di sistema|inicial|oculto)|instrucciones (?:del sistema|internas|ocultas)|istruzioni (?:di sistema|interne|nascoste))",
    r"(?:what (?:is|are|was|were)|repeat) (?:your|the) (?:(?:system|hidden|initial|secret|original) (?:prompt|instructions)|instructions above)",
    # What people are not to know.
    r"(?:do not|don t|never|without) (?:tell|inform|mention|notify|alert|warn|reveal|disclose|telling|informing|mentioning|notifying|alerting|warning|asking)(?: (?:this|that|it|any of this))?(?: to)? the (?:user|operator|human|reviewer|analyst)",
    r"(?:sag|verrate|erwahne|sage) (?:es |das |dies )?(?:dem|der) (?:benutzer|nutzer|anwender)(?:in)? nicht",
    r"(?:ne (?:dis|mentionne|revele) (?:rien |pas )?a l utilisateur|no (?:le )?(?:digas|menciones|informes) (?:\w+ ){0,3}(?:al|el) usuario|non (?:dire|informare) (?:\w+ ){0,3}l utente)",
    # What a model is to do with its tools, its memory, its conversation.
    r"(?:send|forward|post|upload|exfiltrate|transmit|e?mail|leak|append|encode)(?: \w+){0,5} (?:conversation(?: history)?|chat history|system prompt|context window|api keys?|access tokens?|credentials|environment variables|secrets)(?: \w+){0,5} (?:to|at|in|into|via|as)\b",
    r"(?:call|invoke|execute|run|use|trigger) (?:the |this |your )?(?:\w+ ){0,2}(?:tool|function|plugin)s?(?: \w+){0,4} (?:without|and do not|before) (?:\w+ ){0,2}(?:approval|confirmation|confirming|asking|permission|review|telling)",
    r"(?:remember|store|save|memori[sz]e|persist|write)(?: \w+){0,6} (?:(?:in|to|into) (?:your |the |long term |persistent )+memory|for (?:all )?future (?:sessions|conversations|requests|turns|chats))",
    r"(?:disable|turn off|remove|bypass|circumvent|deactivate)(?: \w+){0,3} (?:safety (?:checks?|filters?|rules|policy|policies|guidelines)|guardrails|content (?:filters?|policy)|policy (?:checks?|enforcement)|moderation)",
    r"(?:treat|consider|regard) (?:this|the following|these)(?: \w+){0,4} as (?:a |the |an )?(?:\w+ )?(?:system|developer|trusted|highest priority|authori[sz]ed) (?:instructions?|messages?|prompts?|commands?|policy)",
    r"(?:do anything now|jailbreak prompt activated|jailbroken mode)",
)  # fmt: skip

# On the text as it stands: marks of chat templates and of who speaks.
_MARKS: Final = (
    r"<\|(?:im_start|im_end|system|user|assistant|endoftext|begin_of_text|start_header_id|eot_id)\|>",
    r"\[/?INST\]|<</?SYS>>|</?(?:system_prompt|system-prompt|system_message|system_instructions?)>",
    r"(?m:^[ \t]*(?:#{1,4}|\*\*|\[|<|-{2,}|={2,})[ \t]*(?:begin |new |end |override )?(?:system|developer|assistant)(?:[ _-](?:prompt|message|instructions?|override|note|update))(?:[ \t]*(?:\]|>|:|\*\*|-{2,}|={2,})|[ \t]*$))",
    r"(?m:^[ \t]*(?:system|developer|assistant)(?:[ _](?:prompt|message|override|instructions?))?[ \t]*:[ \t]*(?:you|your|ignore|disregard|forget|override|new |from now|do not|never|always|reveal|du |sie sind|ignorier|tu |vous|eres|ignora|sei |je bent|negeer)\b)",
)  # fmt: skip

_LEET = str.maketrans("013457@$", "oieastas")
_ALIKE = str.maketrans("аеорсухіјѕԁһӏԛԝвнкмтαεικνορτυχ", "aeopcyxijsdhlqwbhkmtaeiknoptux")
"""Letters of other alphabets that look like Latin ones (Unicode TR 39), for words that mix the two."""
_SPACED = re.compile(r"(?<!\w)(?:\w[ ._\-*|/]{1,2}){7,}\w(?!\w)")
_MIXED = re.compile(r"\w*[a-z]\w*")
_ACCENTS = re.compile("[\u0300-\u036f]")
_REST = re.compile(r"[^\w]+")


def instructions(text: str) -> tuple[str, ...]:
    """The sentences of a text that speak to a model, in their order, at most twenty.

    Disguises are undone before the text is looked at: letters of other alphabets, digits for letters, letters
    spaced apart, Base64 and ROT13. Languages: English, German, French, Spanish, Italian, Portuguese, Dutch, Polish,
    Swedish, Danish and Norwegian, Czech and Slovak, Romanian, Hungarian, Finnish, Turkish, Russian, Ukrainian, Greek.

    Time: linear, whatever the text. Edge: a text that only quotes such a sentence is found too.
    """
    if not text.strip():
        return ()
    found: dict[str, None] = {}
    for start, end in _marked(text):
        found.setdefault(_around(text, start, end))
    for line_start, line in _lines(text):
        if len(found) >= _MOST:
            break
        for reading in _readings(line):
            hit = _spoken().search(reading)
            if hit:
                # Places move when disguises are undone: the sentence is found by its share of the line.
                at = line_start + len(line) * (hit.start() + hit.end()) // (2 * max(len(reading), 1))
                found.setdefault(_around(text, at, at + 1))
                break
    for blob in _decoded(text):
        if _spoken().search(_plain(blob)):
            found.setdefault(f"in Base64: {blob[:LONGEST_SENTENCE]}")
    return tuple(found)[:_MOST]


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Stretches of at most some thousand characters; neighbouring ones share what a sentence may need."""
    stretch, shared = 4000, 400
    for start in range(0, max(len(text) - shared, 1), stretch - shared):
        yield start, text[start : start + stretch]


def _readings(text: str) -> Iterator[str]:
    """The text as it stands, and with every disguise undone that it may wear."""
    plain = _plain(text)
    yield plain
    if not text.isascii():
        latin = _MIXED.sub(lambda word: word.group().translate(_ALIKE), _folded(text))
        yield _REST.sub(" ", latin)
    if _SPACED.search(text):
        yield _rejoined(_SPACED.sub(lambda run: _REST.sub("", run.group().replace("_", "")), _folded(text)))
    if any(digit in plain for digit in "013457") or "@" in text or "$" in text:
        yield _REST.sub(" ", _folded(text).translate(_LEET))
    yield codecs.encode(plain, "rot13")


def _folded(text: str) -> str:
    """Small letters without accents, compatible forms unified."""
    if text.isascii():
        return text.lower()
    parted = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", parted)).replace("ß", "ss")


def _plain(text: str) -> str:
    return _REST.sub(" ", _folded(text))


def _rejoined(text: str) -> str:
    """What was written letter by letter has lost the gaps between its words: they are put before known words."""
    return _REST.sub(" ", _known().sub(r" \g<0> ", text))


@cache
def _known() -> re.Pattern[str]:
    words = (
        "ignore disregard forget override bypass all any the your previous prior above system safety hidden developer "
        "instructions instruction prompts prompt rules guidelines reveal print show repeat and do not tell user you are now"
    )
    return re.compile("|".join(sorted(words.split(), key=len, reverse=True)))


@cache
def _spoken() -> Any:
    """Everything that is looked for in plain text, as one automaton."""
    import re2

    options = re2.Options()
    options.max_mem = 1 << 28
    cease = [rf"(?:{verb}) (?:\w+ ){{0,5}}?{what}" for verb, what in _CEASE.values()]
    # A word of re2 is ASCII: letters of every alphabet are meant.
    patterns = [each.replace(r"\w", r"[\pL\pN_]") for each in (*cease, *_OTHERS)]
    return re2.compile(
        "|".join(rf"(?:^| )(?:{each})(?: |$)" for each in patterns).replace(r"\b", ""), options
    )


@cache
def _marks() -> Any:
    import re2

    options = re2.Options()
    options.case_sensitive = False
    return re2.compile("|".join(_MARKS), options)


def _marked(text: str) -> Iterator[tuple[int, int]]:
    for number, hit in enumerate(_marks().finditer(text)):
        if number >= _MOST:
            return
        yield hit.start(), hit.end()


def _around(text: str, start: int, end: int) -> str:
    """The sentence or line around a place, cut where it is long."""
    first = max(
        (
            text.rfind(mark, 0, start) + len(mark)
            for mark in (". ", "! ", "? ", "\n")
            if mark in text[:start]
        ),
        default=0,
    )
    first = max(first, start - LONGEST_SENTENCE // 2)
    last = min(
        (at for mark in (". ", "! ", "? ", "\n") if (at := text.find(mark, end)) >= 0), default=len(text)
    )
    return " ".join(text[first : min(last + 1, first + LONGEST_SENTENCE)].split())


def _decoded(text: str) -> Iterator[str]:
    for number, blob in enumerate(_BLOB.finditer(text)):
        if number >= _MOST_BLOBS:
            return
        bare = blob.group().replace("-", "+").replace("_", "/").rstrip("=")
        try:
            content = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode()
        except (binascii.Error, ValueError):
            continue
        if content.isprintable() or "\n" in content:
            yield content

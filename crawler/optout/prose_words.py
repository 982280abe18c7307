"""Words about text and data mining, its law, and the training of AI, in languages of the EU.

Only words: what is made of them is ``prose``. Every repetition is bounded.
"""

from __future__ import annotations

import re

MINING = re.compile(
    r"\b(?:TDM|tdm-?reservation)\b"
    r"|\btext[ -]?(?:and|&|und|och|og|en|i)?[ -]{0,2}data?[ -]?(?:mining|utvinning|minen)\b"
    r"|\b(?:text|texto|teksto?|tekst|tekstin|teksti)-? (?:and|&|und|och|og|en|e|y|i|ja|ir) data[ -]?mining\b"
    r"|\btext-? (?:och|og) data(?:utvinning|mining|udvinding|utvinning)"
    r"|\btekst-? (?:en|og|och) data(?:mining|utvinning|udvinding)"
    r"|\bfouille de (?:textes?|donn\u00e9es)"
    r"|\bmin(?:er\u00eda|era\u00e7\u00e3o) de (?:textos?|datos|dados)"
    r"|\b(?:prospe\u00e7\u00e3o|explora\u00e7\u00e3o) de textos?"
    r"|\bestrazione di (?:testo|testi|dati)"
    r"|\beksploracj\w{1,3} tekst\w{1,3}"
    r"|\bvyt\u011b\u017eov\u00e1n\w{1,3} (?:text\w{1,3}|dat)\b"
    r"|\btekstin- ja tiedonlouhin"
    r"|\bteksti- ja andmekae"
    r"|\bsz\u00f6veg- \u00e9s adatb\u00e1ny\u00e1sz"
    r"|\bextrager\w{1,4} (?:de )?text\w{0,3} \u0219i"
    r"|\bbesedil\w{1,4} in podatk"
    r"|\brudarenj\w{1,3} tekst"
    r"|\u03b5\u03be\u03cc\u03c1\u03c5\u03be\u03b7\u03c2? \u03ba\u03b5\u03b9\u03bc"
    r"|\u0438\u0437\u0432\u043b\u0438\u0447\u0430\u043d\u0435 \u043d\u0430 \u0442\u0435\u043a\u0441\u0442"
    r"|\b(?:data|web)[ -](?:mining|scraping)\b",
    re.IGNORECASE,
)
LAW = re.compile(
    r"\b2019/790\b|\bDSM[ -](?:Directive|Richtlinie)\b|\bCDSM\b|\bEU 2024/1689\b|\b2024/1689\b|\bAI Act\b"
    r"|\b44b (?:\(\d\) |Abs\.? ?\d |)UrhG\b|\b(?:\u00a7|Paragra(?:ph|f)) ?44b\b|\b42h UrhG\b"
    r"|\bL\. ?122-5-3\b|\b70[ -](?:ter|quater)\b"
    r"|\b15o (?:of the )?(?:Auteurswet|Aw)\b"
    r"|\bArt(?:icle|ikel|icolo|\u00edculo|igo|\.)? ?4 ?(?:\(3\)|\(1\)|Abs(?:atz|\.) ?3|paragraph 3"
    r"|, ?para(?:graph|\.) ?3)",
    re.IGNORECASE,
)
AI = re.compile(
    r"\b(?:AI|KI|IA|GPAI|LLMs?|GPT)\b"
    r"|\b(?i:artificial intelligence|machine[ -]?learning|language models?|foundation models?"
    r"|generative models?"
    r"|k\u00fcnstliche\w? intelligenz|maschinelle\w{0,2} lernen\w?|sprachmodelle?n?"
    r"|intelligence artificielle|apprentissage automatique|mod\u00e8les? de langage"
    r"|inteligencia artificial|intelig\u00eancia artificial|aprendizaje autom\u00e1tico|modelos? de linguagem"
    r"|intelligenza artificiale|apprendimento automatico|modelli linguistici"
    r"|kunstmatige intelligentie|taalmodel\w{0,3}|sztuczn\w{1,3} inteligencj\w{1,3}"
    r"|um\u011bl\w{1,3} inteligenc\w{1,3}"
    r"|kunstig intelligens|artificiell intelligens|teko\u00e4ly\w{0,4}|tehisintelle\w{1,4}"
    r"|mesters\u00e9ges intelligenci\w{1,3}"
    r"|inteligen\u021b\w{1,3} artificial\w{1,3}|umjetn\w{1,3} inteligencij\w{1,3}"
    r"|umetn\w{1,3} inteligenc\w{1,3}"
    r"|\u03c4\u03b5\u03c7\u03bd\u03b7\u03c4\u03ae\u03c2? \u03bd\u03bf\u03b7\u03bc\u03bf\u03c3\u03cd\u03bd\u03b7\u03c2?"
    r"|\u0438\u0437\u043a\u0443\u0441\u0442\u0432\u0435\u043d \u0438\u043d\u0442\u0435\u043b\u0435\u043a\u0442)"
)
TRAINING = re.compile(
    r"\b(?:train(?:ing|ed|s|iert|ieren)?|fine-?tun(?:e|ing)|anlernen|schulung|entra\u00een\w{1,6}"
    r"|entren\w{2,8}|treina\w{1,6}"
    r"|addestra\w{1,6}|szkoleni\w{1,3}|trenowani\w{1,3}|tr\u00e9nov\w{1,5}|tr\u00e6n\w{1,5}"
    r"|tr\u00e4na\w{0,4}|tr\u00e4ning\w{0,4}|koulut\w{1,8}"
    r"|treeni\w{1,5}|tan\u00edt\w{1,5}|antren\w{2,6}|u\u010den\w{1,4}"
    r"|\u03b5\u03ba\u03c0\u03b1\u03af\u03b4\u03b5\u03c5\u03c3\w{1,3}"
    r"|\u043e\u0431\u0443\u0447\u0435\u043d\u0438\w{1,2}|training\w{0,4}|opl\u00e6r\w{1,4}|opl?eid\w{1,4})\b",
    re.IGNORECASE,
)
TERMS = re.compile(
    r"terms|conditions|\btos\b|legal|imprint|impressum|\bagb\b|nutzungs?bedingung|rechtlich|mentions"
    r"|\bcg[uv]\b|aviso-?legal"
    r"|terminos|t\u00e9rminos|condiciones|condizioni|termini|note-?legali|termos|voorwaarden|disclaimer"
    r"|copyright|urheber"
    r"|villkor|vilk\u00e5r|vilkar|ehdot|regulamin|podm\u00ednky|podminky|felt\u00e9tel|feltetel"
    r"|\u03cc\u03c1\u03bf\u03b9|termeni|uvjeti|pogoji|tingimus"
    r"|noteikum|salygos|s\u0105lygos|\u0443\u0441\u043b\u043e\u0432\u0438\u044f|licen[cs]e|licensing"
    r"|\bai-?polic|\btdm\b|rights-?reserv|usage-?polic|text-?and-?data",
    re.IGNORECASE,
)
TERMS_HINTS = (
    *("term", "condi", "tos", "legal", "impr", "agb", "nutzung", "rechtlich", "mentions", "cgu", "cgv", "voorwaarden"),
    *("disclaimer", "copyright", "urheber", "vil", "ehdot", "regulamin", "podm", "feltetel", "uvjeti", "pogoji"),
    *("tingimus", "noteikum", "salygos", "licen", "polic", "tdm", "rights", "text"),
)
"""One of these stands in lower case in whatever ASCII text ``TERMS`` finds something in."""
HINTS = (
    *("tdm", "mining", "scrap", "utvinning", "udvinding", "fouille", "miner", "prospe", "explora", "estrazione"),
    *("eksplorac", "vyt\u011b\u017e", "louhin", "kaeve", "b\u00e1ny\u00e1sz", "extrager", "podatk", "rudarenj"),
    *("\u03b5\u03be\u03cc\u03c1\u03c5\u03be\u03b7",),
    *("\u0438\u0437\u0432\u043b\u0438\u0447\u0430\u043d\u0435",),
    *("2019/790", "2024/1689", "dsm", "ai act", "44b", "42h", "122-5-3", "70", "15o", "4"),
    *("train", "entra\u00ee", "tun", "anlern", "schul", "entren", "trein", "addestr", "szkol", "trenow"),
    *("tr\u00e9n", "tr\u00e6n", "tr\u00e4n", "koulut", "treen", "tan\u00edt", "antren", "u\u010den", "opl"),
    *("\u03b5\u03ba\u03c0\u03b1\u03af\u03b4", "\u043e\u0431\u0443\u0447"),
)
"""Pieces, case-folded, of which at least one stands in every text that the expressions for mining, law or training find
anything in: looking for them first costs next to nothing."""

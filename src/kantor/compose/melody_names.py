"""Whether a part's name says that it is the melody, in the usual languages of scores."""

from __future__ import annotations

import re
import unicodedata

# Words for a melody: with an instrument's name beside it, it is still the melody.
_MELODY = re.compile(
    r"""m[eé]lod|melod[ií]|dallam|мелоди|мелоді|μελωδ|メロディ|主旋律|旋律|멜로디|선율|가락
    |giai[ ]điệu|מנגינה|لحن
    |^(tune|theme|thema|tema|thème|cantus[ ]firmus|lead|mel)$""",
    re.VERBOSE,
)
# Words for one who sings: a synthesizer's or an instrument's "voice" is not meant.
_SINGER = re.compile(
    r"""\b(voice|vocals?|vox|vocalist|singer|singing|sung|solo[ ]?voice|soloist|lead[ ]?vo[cx]\w*
    |soprano|soprani|sopran|sopr|sopraan|szoprán|sopraano|superius|treble|s|cantus|canto|cantor
    |discant\w*|diskant\w*|descant|dessus
    |chant|voix|chanteur|chanteuse|singstimme\w*|(gesangs?|haupt|lead|ober|solo)?stimme|gesang
    |sänger(in)?|voce|voci|cantante|voz|vocal(es|ist\w*)?|cantor(a)?|vokal|zang(stem)?|zanger(es)?
    |głos|śpiew|wokal|wokalist\w*|zpěv|hlas|ének|sång|sang|sanger|stämma|stemme|röst|laulu|laulaja
    |ses|şan|solist\w*|solista)\b
    |голос|вокал|сопран|певец|певиц|спів|пение|солист|φων|ボーカル|ヴォーカル|ボーカロイド|歌|うた|唄|独唱
    |ソプラノ|人声|人聲|主唱|演唱|獨唱|女高音|女声|男声|보컬|노래|목소리|소프라노|가창
    |^stem$""",
    re.VERBOSE,
)
# Other voices: one of them has the melody where none of the above is there.
_OTHER_SINGER = re.compile(
    r"""\b(mezzo\w*|contralto|alto|alt|tenor\w*|ténor|bariton\w*|baryton|barítono|man|woman|men
    |women|male|female|solo)\b|тенор|баритон|меццо|テノール|バリトン|男高音|男中音|女中音|테너|바리톤""",
    re.VERBOSE,
)
# What plays or sings along with a melody.
_ALONG = re.compile(
    r"""\b(back(ing|ground|up|s)?|bgv?s?|bvs?|harmon(y|ies|ie|ia|ía)|harm|counter\w*
    |contre[ -]?(chant|m[eé]lod\w+)|contra[ -]?(canto|melod\w+)|contro(canto|melod\w+)
    |(gegen|neben|unter|zweit)\w+|\w*begleit\w*|accomp\w*|acomp\w*|akomp\w*|begeleiding
    |chords?|akkorde?|pads?|oohs?|aahs?|left[ ]hand|linke[ ]hand|bass|basso|bajo|baß|bas)\b
    |бэк|подголос|аккомп|ハモ|伴奏|伴唱|副旋律|対旋律|和声|和聲|반주|화음|ベース""",
    re.VERBOSE,
)
_CHOIR = re.compile(
    r"\b(choirs?|chorus|choeur|chœur|chór|chor|coro|coros|kör|kor)\b"
    r"|хор|コーラス|合唱|코러스|합창"
)
_INSTRUMENT = re.compile(
    r"""synth|lead[ ]\d|space|guitar|\bgtr|organ\b|square|saw(tooth)?\b|string|piano|keys|sax
    |trombone|trumpet|clarinet|recorder|flute|horn|violin|cello|drum|tuba|bassoon|ukulele
    |glock|ギター|シンセ""",
    re.VERBOSE,
)


def folded(name: str) -> str:
    """A name without differences of capitals, of width, or of how accents are composed."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def melody_rank(name: str) -> int:
    """2 for a name of a melody or the voice that has it, 1 for another voice's, -1 for what plays
    along, else 0.
    """
    name = " ".join(re.sub(r"[\W_]+|(?<=\D)(?=\d)", " ", folded(name)).split())
    if _ALONG.search(name):
        return -1
    if _MELODY.search(name):
        return 2
    if _INSTRUMENT.search(name) or _CHOIR.search(name):
        return 0
    return 2 if _SINGER.search(name) else int(bool(_OTHER_SINGER.search(name)))

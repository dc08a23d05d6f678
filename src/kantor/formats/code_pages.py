"""Read names whose code page is not said: as text that somebody may have written, or not at all.

Names are too short for statistics of bytes, so the rules ask for letters that stand together in
one language: kana, common characters by the order of the national standards, words of Cyrillic
letters only, accented letters of one European language.
"""

from __future__ import annotations

import re

from kantor.errors import one_line

_LONGEST = 400  # bytes of a name in an old code page
_MARKS = set("’‘“”–—…«»¡¿№©®")
_ALPHABETS = {
    "cp1252": ("àâæçéèêëîïôœùûüÿ", "äöüßé", "áéíóúüñ", "ãáâàçéêíôóú", "àèéìîòóù", "åäöé", "æøåé"),
    "cp1250": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áéíóöőúüű", "čćđšž"),
    "cp850": ("àâæçéèêëîïôùûüÿ", "äöüßé", "áéíóúüñ", "åäöé"),
}
"""By code page the accented letters of French, German, Spanish, Portuguese, Italian, Swedish and
Danish; Polish, Czech, Hungarian and Croatian; and those of DOS."""
_CYRILLIC = {
    letter: share
    for share, letters in (
        (80, "оеаинт"),
        (45, "срвлк"),
        (28, "мдпу"),
        (18, "яыьгзбіч"),
        (10, "йхжшюї"),
        (3, "цщэфъёєґ"),
    )
    for letter in letters
}
"""About how many of a thousand letters of Russian or Ukrainian are each."""
_COMMON_HANZI = set(
    "爱安八白百班半伴宝贝北奔背本比笔边变遍别冰病波不步部才彩菜藏草茶长常唱朝潮车沉晨成城吃"
    "出初处川船窗床吹春词此次从村错大代带单但当刀到道得的等低地灯弟第点电调冬东动都豆独读短"
    "段对多朵儿而耳二发法翻反方房放飞非分风疯峰凤夫福父复副该改干感刚钢高告哥歌格个给跟更工"
    "公共狗孤古谷鼓故瓜挂关光广归贵国果过还孩海寒汉好号喝和合河荷黑很恨红后候湖虎花华化画话"
    "怀欢环黄回会婚活火机鸡吉极急几己记季际寂家假间简见剑江将讲教交角叫街节结姐金今紧进近京"
    "经惊精静镜九久酒旧就剧觉绝军开看康考可渴客空口苦快宽狂况来兰蓝浪老乐了泪冷离礼李里理力"
    "立丽利连恋脸凉两亮林零灵流留六龙楼路旅绿乱落妈马吗麦满慢忙猫毛没眉梅每美妹门们梦迷米秘"
    "面民名明命母木拿哪那男南难脑呢内你年念娘鸟您牛女暖怕盘旁朋飘片漂平苹破七妻期奇其起气琵琶千"
    "前钱琵琶筝墙强桥亲琴青轻清情秋求球曲去全泉却群然让热人"
)
"""Common ones of GB2312 whose bytes are those of a Korean syllable in EUC-KR."""
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile("[A-Za-z]")
_ASCII = re.compile("[\0-\x7f]")
_MARK_IN_WORD = re.compile(r"[^\W\d_][‘“”–—…«»¡¿№©®][^\W\d_]")
_GAP = re.compile(r"(?<=[^\0-\x7f]) (?=[^\0-\x7f])")
_RARE_VOWELS = {3, 10, 15}
_USUAL_CODAS = {0, 1, 4, 8, 16, 17, 19, 20, 21}


def text_of(data: bytes) -> str:
    """A name as one line; empty where none of the usual code pages makes sense of it."""
    data = data.strip(b"\0 \t\r\n")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _sound(data.decode("utf-16", "replace"))
    try:
        return _sound(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        if len(data) > _LONGEST:
            return ""
    for reading in (_japanese, _japanese_of_unix, _russian, _chinese_or_korean, _european):
        if text := reading(data):
            return _sound(text)
    return ""


def _sound(text: str) -> str:
    """The text; empty where it has characters that no name has."""
    odd = any(mark == "\ufffd" or "\x80" <= mark < "\xa0" for mark in text)
    return "" if odd else one_line(text)


def _decoded(data: bytes, code_page: str) -> str:
    try:
        return data.decode(code_page)
    except UnicodeDecodeError:
        return ""


def _japanese(data: bytes) -> str:
    """Shift-JIS: with kana, or kanji that are all of the standard's first level."""
    text = _decoded(data, "cp932")
    wide = [mark for mark in text if mark > "\x7f"]
    if not all(_is_hanzi(mark) or _is_wide(mark) for mark in wide):
        return ""
    if _LATIN.search(text) and len(wide) == 1:
        return ""
    if any("\u3041" <= mark <= "\u30ff" for mark in wide):
        return text
    kanji = [mark for mark in wide if _is_hanzi(mark)]
    usual = all(mark.encode("cp932") < b"\x98\x73" for mark in kanji)
    return text if kanji and usual and not _LATIN.search(text) else ""


def _japanese_of_unix(data: bytes) -> str:
    """EUC-JP with kana, which have their bytes in GB2312 too; no Chinese or Korean name has any."""
    text = _decoded(data, "euc_jp")
    has_kana = any("\u3041" <= mark <= "\u30ff" for mark in text)
    return text if has_kana and all(map(_is_east_asian, text)) else ""


def _russian(data: bytes) -> str:
    """Windows-1251: words of Cyrillic letters only, as frequent as they are in Russian."""
    text = _decoded(data, "cp1251")
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    letters = "".join(words).lower()
    if len(letters) < 3 or any(letter not in _CYRILLIC for letter in letters):
        return ""
    if not (_is_marked_well(text) and all(map(_is_cased_well, words))):
        return ""
    return text if sum(map(_CYRILLIC.__getitem__, letters)) > 30 * len(letters) else ""


def _chinese_or_korean(data: bytes) -> str:
    """GB2312 or EUC-KR, whose characters share their bytes: whichever has the commoner ones."""
    chinese, korean = _decoded(data, "gb2312"), _decoded(data, "euc_kr")
    hanzi = [mark for mark in chinese if _is_hanzi(mark)]
    hangul = [mark for mark in korean if _is_hangul(mark)]
    usual = sum(mark.encode("gb2312") < b"\xd7\xfa" for mark in hanzi)
    may_be_chinese = 2 * usual > len(hanzi) and all(map(_is_east_asian, chinese))
    may_be_korean = hangul and all(
        _is_hangul(mark) or (_is_east_asian(mark) and not _is_hanzi(mark)) for mark in korean
    )
    if may_be_chinese and not may_be_korean:
        return chinese
    if not may_be_korean:
        return ""
    likelier = 3 * len(_GAP.findall(korean)) + sum(
        0.2 if _is_usual(mark) else -1.5 for mark in hangul
    )
    likelier += sum(-1.5 if mark in _COMMON_HANZI else 1.2 for mark in hanzi)
    if len(hangul) == 1 or abs(likelier) < 0.5:
        return ""
    return korean if likelier > 0 else chinese if may_be_chinese else ""


def _is_usual(syllable: str) -> bool:
    """Whether a Korean syllable has a usual vowel and a usual final consonant, or none."""
    vowel, coda = divmod((ord(syllable) - 0xAC00) % 588, 28)
    return vowel not in _RARE_VOWELS and coda in _USUAL_CODAS


def _european(data: bytes) -> str:
    """A code page in which all accented letters belong to one language."""
    for code_page, alphabets in _ALPHABETS.items():
        text = _decoded(data, code_page)
        accented = {mark for mark in text.lower() if mark > "\x7f" and mark.isalpha()} - {"º", "ª"}
        if (
            text
            and any(accented <= set(alphabet) for alphabet in alphabets)
            and _is_marked_well(text)
            and all(
                _is_cased_well(word) and 2 * len(_ASCII.sub("", word)) <= len(word) + 1
                for word in _WORD.findall(text)
                if not word.isascii()
            )
        ):
            return text
    return ""


def _is_marked_well(text: str) -> bool:
    """Whether what is no letter is a usual mark, and none but apostrophes stands in a word."""
    marks = (mark for mark in text if mark > "\x7f" and not mark.isalpha())
    return all(mark in _MARKS for mark in marks) and not _MARK_IN_WORD.search(text)


def _is_cased_well(word: str) -> bool:
    return word.isupper() or word[1:].islower() or len(word) == 1


def _is_hanzi(mark: str) -> bool:
    return "\u4e00" <= mark <= "\u9fff"


def _is_hangul(mark: str) -> bool:
    return "\uac00" <= mark <= "\ud7a3"


def _is_wide(mark: str) -> bool:
    """Kana, and the marks and letters of the width of kanji."""
    return "\u3000" <= mark <= "\u30ff" or "\uff01" <= mark <= "\uff5e" or mark in "―…～○●◎☆★♪"


def _is_east_asian(mark: str) -> bool:
    return mark < "\x7f" or _is_hanzi(mark) or _is_wide(mark) or mark in _MARKS

"""Antonyms, plurals, past tenses, categories, and translations into two made-up languages.

`ANTONYM["big"]` is "small", `PLURAL["mouse"]` "mice", `PAST["sees"]` "saw", `CATEGORY["owl"]` "animal". In Tarsian a
lamp is a "lelvo" and in Velish a "brulfok". Tarsian nouns end in -a or -o, adjectives in -e, verbs in -i; Velish nouns
in -ok or -uk, adjectives in -ig, verbs in -et.
"""

from course_utils.data.microworld.words import ANIMALS, COLOURS, PEOPLE
from course_utils.data.microworld.world import COUNTRIES, FRUITS

_ANTONYMS = """
    big small, old young, hot cold, good bad, happy sad, fast slow, strong weak, rich poor, light dark, hard soft,
    long short, high low, full empty, clean dirty, wet dry, loud quiet, early late, wide narrow, thick thin,
    sharp blunt, sweet bitter, brave timid, kind cruel, clever stupid
    """
_PLURALS = """
    lamp lamps, kite kites, boat boats, coin coins, drum drums, book books, bell bells, hat hats, map maps, cup cups,
    knife knives, basket baskets, mirror mirrors, candle candles, brush brushes, flute flutes, box boxes,
    button buttons, key keys, glove gloves, ladder ladders, scarf scarves, purse purses, shoe shoes,
    dog dogs, cat cats, horse horses, bird birds, fox foxes, bear bears, duck ducks, frog frogs, cow cows, pig pigs,
    sheep sheep, goat goats, lion lions, wolf wolves, mouse mice, owl owls, bee bees, snake snakes,
    donkey donkeys, hen hens,
    apple apples, banana bananas, cherry cherries, lemon lemons, pear pears, lime limes, plum plums, fig figs,
    olive olives, berry berries, peach peaches, mango mangoes, apricot apricots, coconut coconuts
    """
# Those that need an object, then those that don't.
_PASTS = """
    sees saw, takes took, finds found, keeps kept, loses lost, hears heard, pulls pulled, pushes pushed,
    carries carried, wants wanted, loves loved, paints painted, follows followed, calls called, helps helped, hides hid,
    breaks broke, brings brought, buys bought, sells sold;
    sings sang, sleeps slept, runs ran, swims swam, walks walked, jumps jumped, dances danced, laughs laughed,
    waits waited, falls fell
    """
# English, Tarsian, Velish.
_TRANSLATIONS = """
    the sul drun, a nemi ekk,
    big somze skyrnig, small rolve svornig, old zulude voldig, young dulze brornig, hot komode bummig,
    cold nupipe skoommig, good vanze joornig, bad nonze knyddig, happy nevune wummig, sad disude wooskig,
    fast latuve jyngig, slow porpe skyddig, strong suleke grymbig, weak memeke thuskig, rich pilane thyngig,
    poor talpe thoornig, light mazave floombig, dark vovase grurnig, hard dozise groldig, soft tumike kryngig,
    long sukape drummig, short lizuke krultig, high koske guddig, low kokeke knuskig, full malze thyndig,
    empty nespe frumbig, clean vuvive goddig, dirty konpe bondig, wet vinve bryrkig, dry nalze vorgig,
    loud mulve vommig, quiet tinze knurgig, early pamze wyddig, late terve grombig, wide lamze vyrkig,
    narrow kirte jurkig, thick pimke grorgig, thin danve vornig, sharp nampe broorgig, blunt tesze broombig,
    sweet zeruse burkig, bitter namte boongig, brave tirole thornig, timid kimede jungig, kind sanpe droolfig,
    cruel vosde horgig, clever netive joorkig, stupid ravode froldig,
    red zivene skumbig, blue konke knoommig, green sirke jyrnig, yellow vovute gongig, black zunke vooskig,
    white paroke voltig, brown zazore drurnig, grey zilke bryldig, pink nimze vurkig, purple lenpe voolfig,
    orange nente bornig, golden posze krurkig,
    lamp lelvo brulfok, kite kolizo goommok, boat tomiva frulfuk, coin vavapa huddok, drum ninda hyrkok,
    book rospo frungok, bell nedemo joldok, hat kisora brunduk, map petevo skyrguk, cup nirto vummuk,
    knife rolalo knyrkuk, basket lenda floornuk, mirror zuldo jymmok, candle lunza svymmuk, brush losko skoombok,
    flute sonono krydduk, box lisza thoskok, button rordo drorkok, key nelka wooltuk, glove dezedo frurnok,
    ladder kervo vurkok, scarf vunpo vooskuk, purse pelado voornuk, shoe marpa bryddok,
    dog velada droorgok, cat nosika hulfok, horse kumdo wyrguk, bird simapa krylduk, fox dilato svooldok,
    bear pelda gryrguk, duck todida joommok, frog nonalo frummok, cow karva krorkok, pig tumda borguk,
    sheep kavopo flundok, goat lamilo hymbok, lion leneto thoolfuk, wolf zupoka svurnok, mouse raruma woltok,
    owl laszo skunduk, bee damvo skyngok, snake runeva borkuk, donkey pempo flyltuk, hen ranpo skooskuk,
    sees litini wunget, takes dimki gunget, finds temozi hyddet, keeps murki gurget, loses revesi svyltet,
    hears tospi svuldet, pulls sirdi svooltet, pushes rovini vooddet, carries mavori thuddet, wants domki gryldet,
    loves pezevi kryrget, paints lamvi holtet, follows topesi thoombet, calls zospi jurget, helps zenpi vylfet,
    hides danzi wondet, breaks mulati glornet, brings sudazi fruldet, buys rurivi frooldet, sells somti grulfet,
    sings nomovi jorket, sleeps korpi svulfet, runs puski goorget, swims momvi jumbet, walks vunvi skorket,
    jumps zakudi brurket, dances lisiki floorket, laughs vulvi brooltet, waits larzi skunget, falls depeli brymbet
    """


def _table(lines: str, column: int = 1) -> dict[str, str]:
    rows = [row.split() for row in lines.replace(";", ",").split(",")]
    return {row[0]: row[column] for row in rows}


_ONE_WAY = _table(_ANTONYMS)
ANTONYM: dict[str, str] = _ONE_WAY | {right: left for left, right in _ONE_WAY.items()}
PLURAL: dict[str, str] = _table(_PLURALS)
PAST: dict[str, str] = _table(_PASTS)
TARSIAN: dict[str, str] = _table(_TRANSLATIONS)
VELISH: dict[str, str] = _table(_TRANSLATIONS, 2)

ADJECTIVES = tuple(ANTONYM)
TRANSITIVE, INTRANSITIVE = (tuple(_table(part)) for part in _PASTS.split(";"))
VERBS = TRANSITIVE + INTRANSITIVE
PLAIN_THINGS = tuple(PLURAL)[:24]  # the things of words.THINGS that have a plural and translations
NOUNS = PLAIN_THINGS + ANIMALS

CATEGORY: dict[str, str] = {
    word: category
    for category, words in (
        ("animal", ANIMALS),
        ("thing", PLAIN_THINGS),
        ("person", PEOPLE),
        ("fruit", FRUITS),
        ("colour", COLOURS),
        ("country", COUNTRIES),
    )
    for word in words
}

"""Words that several kinds of text share. A word is one token; only names begin with a capital."""


def _words(listed: str) -> tuple[str, ...]:
    return tuple(listed.split())


NAMES = _words("""
    Ada Alma Anna Bea Berta Carla Clara Cora Dora Edith Ella Elsa Emma Erna Eva Flora Frida Gerda Greta Hanna
    Hedda Helga Ida Inga Iris Jana Julia Karla Lena Lilo Lotte Luise Magda Maria Marta Mila Nora Olga Paula
    Petra Rita Rosa Ruth Selma Tilda Thea Ursel Vera Wilma Zita Abel Anton Arno Axel Bernd Boris Bruno Carl
    Claus Conrad David Egon Emil Erik Ernst Felix Franz Georg Gustav Hans Heinz Horst Hugo Ivan Jakob Jens Jonas
    Karl Kurt Lars Leo Ludwig Max Moritz Nils Oskar Otto Paul Peter Ralf Robert Rolf Rudi Sven Theo Tom Udo Ulf
    Viktor Werner
""")
PLACES = _words("""
    market garden harbour school kitchen forest library station castle cellar tower museum mill barn bakery
    bridge chapel church court farm field gate hall hospital hotel house inn island lake office palace park pub
    river shop square stable street theatre village workshop
""")
THINGS = _words("""
    lamp kite boat coin drum book ring rope bell hat map cup knife basket mirror candle brush flute letter bag
    ball blanket bottle bowl box broom bucket button cake card carpet chair clock coat comb crown doll dress
    feather flag fork glove hammer jar jug key ladder lock medal needle net pan pen pillow pipe plate purse
    ribbon saw scarf shawl shell shirt shoe spoon stamp stick stone table thread ticket towel toy trumpet
    umbrella vase violin wheel whistle
""")
COLOURS = ("red", "blue", "green", "yellow", "black", "white", "brown", "grey", "pink", "purple", "orange", "golden")
ANIMALS = _words("dog cat horse bird fox bear duck frog cow pig sheep goat lion wolf mouse owl bee snake donkey hen")
PEOPLE = _words(
    "farmer painter teacher baker sailor doctor poet guard judge cook tailor miller hunter nurse singer smith"
)
NUMBERS = tuple(str(number) for number in range(100))

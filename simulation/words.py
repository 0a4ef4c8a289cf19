"""Word lists of the town: small, harmless, in five languages. Subjects come in the order of topics."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    """Entries between bars, line breaks and indents aside."""
    return tuple(" ".join(entry.split()) for entry in text.split("|"))


TOPIC_TAGS = _words("football | music | cooking | travel | gaming | fitness | books | garden")

SUBJECTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "en": (
        _words("the match | our keeper | that penalty | the second half | the new coach | the derby"),
        _words("the concert | this song | the new album | the drummer | that old record | the encore"),
        _words("breakfast | my sourdough | this soup | grandma's recipe | the lasagne | the bakery downstairs"),
        _words("the night train | our trip | the airport | this little harbour | the hotel | the road north"),
        _words("the last boss | this level | co-op tonight | the new patch | my old console | the speedrun"),
        _words("leg day | my morning run | the half marathon | the pool | this hill | yoga at six"),
        _words("this novel | chapter nine | the library | my reading pile | the ending | her second book"),
        _words("my tomatoes | the roses | the compost | this cactus | the first snowdrop | the old apple tree"),
    ),
    "es": (
        _words("el partido | nuestro portero | ese penalti"),
        _words("el concierto | esta canción | el disco nuevo"),
        _words("el desayuno | esta sopa | la receta de mi abuela"),
        _words("el tren de noche | nuestro viaje | este puerto"),
        _words("el último jefe | este nivel | mi vieja consola"),
        _words("la carrera de hoy | la piscina | esta cuesta"),
        _words("esta novela | el capítulo nueve | la biblioteca"),
        _words("mis tomates | el rosal | este cactus"),
    ),
    "it": (
        _words("la partita | il nostro portiere | quel rigore"),
        _words("il concerto | questa canzone | il disco nuovo"),
        _words("la colazione | questa zuppa | la ricetta di nonna"),
        _words("il treno di notte | il nostro viaggio | questo porto"),
        _words("l'ultimo livello | la partita in due | la mia vecchia console"),
        _words("la corsa di oggi | la piscina | questa salita"),
        _words("questo romanzo | il capitolo nove | la biblioteca"),
        _words("i miei pomodori | il roseto | questo cactus"),
    ),
    "de": (
        _words("das Spiel | unser Torwart | der Elfmeter"),
        _words("das Konzert | dieses Lied | das neue Album"),
        _words("das Frühstück | diese Suppe | Omas Rezept"),
        _words("der Nachtzug | unsere Reise | dieser Hafen"),
        _words("der letzte Gegner | dieses Level | meine alte Konsole"),
        _words("der Morgenlauf | das Schwimmbad | dieser Hügel"),
        _words("dieser Roman | Kapitel neun | die Bibliothek"),
        _words("mein Tomatenbeet | der Rosenstrauch | dieser Kaktus"),
    ),
    "pt": (
        _words("o jogo | nosso goleiro | aquele pênalti"),
        _words("o show | esta música | o disco novo"),
        _words("o café da manhã | esta sopa | a receita da vovó"),
        _words("o trem noturno | nossa viagem | este porto"),
        _words("o último chefe | esta fase | meu velho console"),
        _words("a corrida de hoje | a piscina | esta subida"),
        _words("este romance | o capítulo nove | a biblioteca"),
        _words("meu tomateiro | a roseira | este cacto"),
    ),
}

REMARKS: dict[str, tuple[str, ...]] = {
    "en": _words(
        """was worth the wait | made my day | is a mess again | took forever | still surprises me | never gets old |
        needs work | deserves more love | is better than I remembered | was not what I expected | is all I can think
        about | went wrong in the best way | keeps me up at night | is the reason I am late"""
    ),
    "es": _words("valió la pena | me alegró el día | es un desastre | nunca cansa | no era lo que esperaba"),
    "it": _words("valeva l'attesa | mi ha salvato la giornata | è un disastro | non stanca mai | mi sorprende sempre"),
    "de": _words(
        "war das Warten wert | macht mich froh | ist ein Chaos | wird nie langweilig | überrascht mich immer noch"
    ),
    "pt": _words("valeu a espera | salvou meu dia | está uma bagunça | nunca cansa | ainda me surpreende"),
}

OPENERS: dict[str, tuple[str, ...]] = {
    "en": _words(
        """Honestly, | Ok, | So, | Small update: | Unpopular opinion: | Today: | Finally: | Not sure why but | Hear me
        out:"""
    ),
    "es": _words("La verdad, | Bueno, | Hoy: | Por fin:"),
    "it": _words("Onestamente, | Allora, | Oggi: | Finalmente:"),
    "de": _words("Ehrlich: | Also, | Heute: | Endlich:"),
    "pt": _words("Sinceramente, | Bom, | Hoje: | Finalmente:"),
}

TAILS: dict[str, tuple[str, ...]] = {
    "en": _words(
        """and I am fine with that. | What do you think? | See you there tomorrow. | Thanks to everyone who came! |
        Anyone else? | Photos later. | Ask me how I know. | That is the whole post. | Do not tell my neighbours. |
        Back to work now."""
    ),
    "es": _words("¿Qué pensáis? | Luego fotos. | Nos vemos mañana. | ¡Gracias a todos!"),
    "it": _words("Che ne pensate? | Foto più tardi. | Ci vediamo domani. | Grazie a tutti!"),
    "de": _words("Was meint ihr? | Fotos später. | Bis morgen. | Danke an alle!"),
    "pt": _words("O que acham? | Fotos depois. | Até amanhã. | Obrigado a todos!"),
}

EMOJI = _words("😀 | 😂 | ❤️ | 🔥 | 🎉 | 🙏 | 👀 | 🌞 | 🤔 | 💪")
LIVE = _words(
    """What a moment! | Did you see that?! | I am shaking | No way!! | Unbelievable scenes | My heart | Here we go |
    That was close"""
)
PRIZES = _words(
    """a weekend for two | our new headphones | a year of coffee | a signed copy | two front-row tickets | a mystery
    box"""
)
PRODUCTS = _words(
    "running shoe | espresso set | rain jacket | desk lamp | travel bag | yoga mat | garden kit | game pad"
)
CALLS = _words(
    """In shops from Monday. | Have a look: | Only while stocks last. | Tell us what you think. | Made to last. | Now
    in three colours."""
)
HEADLINES = _words(
    """council votes on new tram line | storm warning lifted | museum reopens after repairs | rail strike called off |
    record number of visitors | new bridge opens a month early | prices of bread rise again | schools to get new
    playgrounds | harbour ferry back in service | elections set for the autumn"""
)
PITCHES = _words(
    """Make money from home | Get followers fast | Win a phone today | Lose weight without effort | Cheap watches, best
    quality | This trick doubles your savings | Hot offer ends tonight | Free coupons for everyone"""
)
URGES = _words(
    "click here | limited time | do not miss it | join now | trusted by thousands | 100% legit | DM me | link in bio"
)

# language -> first names, last names
NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "en": (
        _words(
            """anna | ben | chloe | dan | ella | finn | grace | harry | isla | jack | kate | liam | mia | noah | olive
            | paul | ruby | sam | tess | will"""
        ),
        _words(
            """adams | baker | clark | davis | evans | foster | green | hughes | jones | kelly | lewis | moore | nash |
            owens | parker | reed | smith | turner | walsh | young"""
        ),
    ),
    "es": (
        _words(
            """alba | bruno | carmen | diego | elena | felipe | gabriela | hugo | ines | javier | lucia | mateo | nuria
            | pablo | rocio | sergio"""
        ),
        _words(
            """alonso | blanco | castro | diaz | flores | garcia | herrera | lopez | marin | navarro | ortega | perez |
            ramos | soto | torres | vega"""
        ),
    ),
    "it": (
        _words(
            """alice | bianca | carlo | dario | elisa | fabio | giulia | irene | luca | marta | nico | paola | rosa |
            sara | tommaso | viola"""
        ),
        _words(
            """bianchi | conti | de_luca | esposito | ferrari | gallo | lombardi | mancini | neri | orlando | ricci |
            rossi | serra | testa | villa"""
        ),
    ),
    "de": (
        _words(
            """anke | bernd | clara | dirk | eva | felix | greta | hannes | ida | jonas | karla | lena | max | nina |
            otto | paula | ralf | svenja"""
        ),
        _words(
            """albrecht | bauer | conrad | dietz | ebert | fischer | graf | huber | jung | keller | lang | mayer |
            neumann | richter | schmidt | vogel | weber"""
        ),
    ),
    "pt": (
        _words(
            """ana | bia | caio | duda | eva | fabio | gil | helena | igor | joana | lara | miguel | nina | otavio |
            rafa | tiago"""
        ),
        _words(
            """almeida | barros | costa | dias | farias | gomes | lima | melo | nunes | pinto | rocha | santos | silva
            | teixeira"""
        ),
    ),
    "id": (
        _words(
            """adi | bayu | citra | dewi | eka | fitri | gita | hadi | indah | joko | kartika | lestari | maya | putri
            | rizki | wayan"""
        ),
        _words(
            """hartono | hidayat | kurnia | lubis | nugroho | pratama | putra | saputra | santoso | siregar | utama |
            wijaya"""
        ),
    ),
}
NOUNS = _words(
    """sky | fox | moon | river | pixel | coffee | wolf | star | cloud | tiger | ninja | panda | storm | lemon | comet
    | maple | robin | echo | ember | pepper | salt | velvet | cactus | sunny | lucky | happy | little | crazy | real
    | just | its | the"""
)
TRADES = _words("shop | studio | goods | labs | official | store | works | daily | times | post | news | wire")
BIO = _words(
    """Coffee first | Dad of two | Mum of three | Learning every day | Runner, slowly | Views are my own | Dog person |
    Somewhere near the sea | Teacher | Nurse on nights | Engineer by day | Photos of birds | Football on Sundays |
    Books and tea | Be kind | Just here for the memes | Bread baker | Old cars, new problems | Music is life |
    Gardening in small spaces | Student | Writer of lists | Mostly harmless | Ask me about maps"""
)
BRAND_BIO = _words(
    """Official account | Made with care since 1987 | Help: write to us, 9 to 17 | Posts are scheduled | Free delivery
    over 40 | Visit our shop"""
)
NEWS_BIO = _words(
    "News from the region | Headlines posted automatically | Tips welcome | Around the clock | Independent since 1921"
)
SPAM_BIO = _words(
    """Follow back 100% | Earn from home | DM for promo | Best deals here | Crypto, forex, profit | Giveaways daily |
    Link below"""
)

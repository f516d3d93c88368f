"""Invented people and addresses. Telephone numbers come from the ranges kept free for fiction."""

from __future__ import annotations

from typing import NamedTuple


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_DE = _words(
    "Adele Albrecht Almut Anselm Arndt Berthold Birte Bruno Carlotta Clemens Dagmar Detlef Dorothea Eberhard "
    "Edda Ehrenfried Elke Enno Eva Falk Friedhelm Frieda Gerlinde Gernot Gesa Götz Greta Gudrun Hannes Hedwig "
    "Heiner Helga Hinnerk Imke Ingolf Insa Jördis Jürgen Kilian Klara Konrad Kunigunde Lorenz Ludger Malte "
    "Marlies Merle Mechthild Nele Norbert Ottilie Raimund Reinhild Rieke Rüdiger Sönke Thekla Ulrike Wiebke Wolfram"
)
FIRST_EN = _words(
    "Abigail Alasdair Alistair Beatrix Bernard Briony Callum Cecily Clive Cordelia Daphne Declan Dermot Edith "
    "Eilidh Elspeth Ewan Fergus Fiona Gareth Gemma Gideon Gwendolyn Hamish Harriet Hector Imogen Isla Jasper "
    "Jocelyn Keira Lachlan Lionel Lorna Lucinda Maeve Magnus Marigold Morag Myrtle Nigel Niamh Olwen Orla Oswin "
    "Percival Petra Philippa Quentin Roisin Rosalind Rowan Rupert Saoirse Seamus Tamsin Tobias Ursula Verity Winifred"
)
LAST_DE = _words(
    "Ackerstett Ahrenswald Altenbruck Amselrain Auenhofer Bachstelzer Birkenau Blumenröder Brandhuber Brehmel "
    "Brombach Buchenroth Dachsberger Dornquast Dünenfeld Eckerlein Eichstedt Elsterhorst Erlenkamp Espenlaub "
    "Falkenrieder Fichtelmann Finkenwerth Flachsland Froschauer Gänsheimer Ginsterhof Glimmerath Grashöfer "
    "Grünspecht Habichtswald Hagebuch Haselthal Heidekrug Himbeerich Hollerbusch Honigmaier Igelbrink Imhölter "
    "Jasminski Kaltenbrunn Kiesewind Kirschgarten Kleefelder Kornblum Kranichfeld Krähwinkel Küstermann Lachsbach "
    "Lerchenau Lindenquell Lohengrund Lupinenhof Margenrath Mauersegler Mohnkern Möwenstein Mühlenbrock Nachtigaller "
    "Nebelung Oberländler Ostersee Pappelheim Quellmalz Rabenhorst Regenbrecht Rotdorn Salbeitz Sandkühler "
    "Schilfrohr Schlehenbach Sommerkorn Storchenegg Tannenzapf Uferloh Veilchenfeld Wacholdt Weidenhaupt Wiesengrund Zaunkönig"
)
LAST_EN = _words(
    "Abernook Alderwick Appledore Ashcombe Badgerley Barleymow Beechworth Birchall Blackthorne Bramblewood Brackwater "
    "Brookmire Burrowes Cloverley Cobblewick Copperfern Cragmoor Cresswell Daffern Dandridge Dewhurst Dovecott "
    "Driftwell Elderkin Elmsworth Fairweather Fallowfield Fennimore Fernleigh Foxcroft Gorsewood Greenhalgh Hailstone "
    "Harebell Hawksmere Hazelrigg Heatherby Hedgerow Hollowell Ivybridge Juniper Kestrelman Kingcup Larkspur Lavenham "
    "Lilywhite Longmeadow Mallowby Marshfield Merryweather Millrace Mistlethwaite Moorcock Nettlefold Nightingale "
    "Oakenshaw Otterburn Owlthorpe Partridge Pebblewood Pinewarden Plumtree Puddifoot Quillfeather Ravenscar Reedmace "
    "Rookwood Saltmarsh Sedgewick Shepherdson Silverdale Sorrelby Sparrowhawk Starling Thistlewood Thornbury "
    "Underhill Wagtail Willowby Yarrowdale"
)


class Place(NamedTuple):
    """A city. In ``postcode`` each # stands for a digit and each @ for a letter."""

    country: str
    city: str
    postcode: str


PLACES = {
    "DE": (
        Place("DE", "Leipzig", "041##"),
        Place("DE", "Kassel", "341##"),
        Place("DE", "Rostock", "180##"),
        Place("DE", "Fürth", "907##"),
        Place("DE", "Kiel", "241##"),
        Place("DE", "Köln", "507##"),
        Place("DE", "Osnabrück", "490##"),
        Place("DE", "Freiburg", "791##"),
    ),
    "AT": (Place("AT", "Graz", "80##"), Place("AT", "Linz", "40##"), Place("AT", "Wien", "1##0")),
    "GB": (
        Place("GB", "Leeds", "LS# #@@"),
        Place("GB", "Sheffield", "S1# #@@"),
        Place("GB", "Bristol", "BS# #@@"),
        Place("GB", "Exeter", "EX# #@@"),
        Place("GB", "Swansea", "SA# #@@"),
        Place("GB", "Dundee", "DD# #@@"),
    ),
    "IE": (
        Place("IE", "Cork", "T12 @#@#"),
        Place("IE", "Galway", "H91 @#@#"),
        Place("IE", "Limerick", "V94 @#@#"),
        Place("IE", "Dublin", "D08 @#@#"),
    ),
}

STREETS_DE = _words(
    "Ahornstraße Amselweg Birkenstraße Bleichstraße Dorfstraße Eschenallee Feldstraße Fliederweg Gartenstraße "
    "Hafenstraße Kastanienallee Kirchgasse Klosterstraße Lindenstraße Marktgasse Mühlenweg Parkstraße Quellenweg "
    "Rosenstraße Schillerstraße Schulstraße Seestraße Steinweg Talstraße Ulmenallee Uferstraße Weinbergweg Wiesenstraße"
)
STREETS_EN = tuple(
    street.replace("/", " ")
    for street in _words(
        "Abbey/Road Albion/Street Beech/Avenue Bridge/Street Castle/Road Chapel/Lane Church/Street Cobden/Road "
        "Dock/Street Elm/Avenue Ferry/Lane Gladstone/Road Harbour/Street High/Street Hill/Road Hope/Street "
        "Ivy/Lane Kiln/Lane King/Street Linden/Avenue Market/Street Mill/Road Orchard/Close Park/Avenue "
        "Quay/Street Rose/Close School/Lane Station/Road Victoria/Avenue Weaver/Street Well/Lane Willow/Close"
    )
)

PHONES = {
    "DE": ("+493023125###", "+496990009###", "+494066969###", "+492214710###", "+498999998###"),
    "AT": ("+498999998###", "+492214710###"),
    "GB": ("+447700900###",),
    "IE": ("+35320910####", "+35320911####"),
}

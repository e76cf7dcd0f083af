"""Folders in German: a kindergarten that parents run, and an electrician's firm."""

from evals.everyday.office import docx, mail, odt, page, rtf
from evals.everyday.paper import flowing
from evals.everyday.work import Files


def kita() -> Files:
    """Return a parents' kindergarten: rules, fees old and new, minutes, duties, mails, a menu."""
    rules = """# Kinderladen Kiebitz e. V.

Hausordnung, beschlossen am 2. Mai 2023

## Bringen und Abholen

Wir öffnen um 7:30 Uhr. Bis neun sollten alle Kinder da sein, denn dann beginnt der Morgenkreis,
und wer hineinplatzt, stört. Geschlossen wird um 16:30 Uhr, freitags um 15 Uhr. Wer dreimal im Monat
zu spät abholt, putzt die Küche.

Abholen darf nur, wer auf der grünen Karte steht. Geschwister müssen dafür mindestens vierzehn
Jahre alt sein.

## Krankheit

Ein Kind mit Fieber bleibt zu Hause und kommt frühestens wieder, wenn es einen ganzen Tag lang
fieberfrei war. Nach Läusen genügt die Unterschrift der Eltern, nach Scharlach und Krätze brauchen
wir ein Attest. Arznei geben wir nicht, ausgenommen das Notfallbesteck bei Allergien.

## Essen

Gekocht wird ohne Schweinefleisch und ohne Nüsse. Süßes bringen die Kinder nicht mit; am Geburtstag
darf es ein Kuchen sein. Getrunken wird Wasser und ungesüßter Tee.

## Spielzeug von daheim

Freitags. Für Verlorenes haften wir nicht.

## Kleidung

Jedes Kind hat einen Beutel mit Wechselsachen, Matschhose und Hausschuhen. Bitte alles beschriften:
im Keller liegen elf einzelne Handschuhe."""
    fees_old = """# Elternbeiträge ab August 2022

| Betreuung | Beitrag im Monat |
| bis 25 Stunden | 118 Euro |
| bis 35 Stunden | 154 Euro |
| bis 45 Stunden | 189 Euro |

Dazu kommt das Essensgeld von 62 Euro. Geschwister zahlen die Hälfte."""
    fees = """# Elternbeiträge ab August 2024

Diese Ordnung ersetzt die von 2022.

| Betreuung | Beitrag im Monat |
| bis 25 Stunden | 131 Euro |
| bis 35 Stunden | 172 Euro |
| bis 45 Stunden | 210 Euro |

Dazu kommt das Essensgeld von 71 Euro, das bei einer Abwesenheit von mehr als zwei Wochen auf Antrag
erlassen wird. Das zweite Kind zahlt die Hälfte, jedes weitere nichts.

Beim Eintritt wird eine Kaution von 250 Euro hinterlegt. Man bekommt sie zurück, wenn die Schlüssel
abgegeben und alle Dienste geleistet sind.

Gekündigt werden kann zum Ende eines Quartals mit einer Frist von acht Wochen. Für Kinder, die in
die Schule kommen, endet der Vertrag von selbst am 31. Juli."""
    minutes = """Protokoll der Mitgliederversammlung vom 14. November 2024

Anwesend: 19 von 27 Mitgliedern
Entschuldigt: Familie Wieland, Familie Özdemir
Leitung: Annegret Pohl      Protokoll: Jens Brockmann

TOP 1  Kasse
Silke Tann berichtet. Auf dem Konto liegen 11.640 Euro, das sind gut 2.000
weniger als im Vorjahr, weil die Heizung repariert werden musste. Mit dem
Sommerfest wurden 873 Euro eingenommen. Die Kassenprüferin Dörte Haack hat
nichts zu beanstanden. Der Vorstand wird entlastet.

TOP 2  Vorstand
Annegret Pohl tritt nicht wieder an. Zum ersten Vorsitzenden wird Malte
Grünwald gewählt (17 Ja, 2 Enthaltungen). Silke Tann bleibt Kassenwartin.

TOP 3  Hochbett
Das Hochbett in der Bärengruppe wackelt. Es bleibt gesperrt, bis ein Tischler
es angesehen hat. Jens fragt seinen Schwager.

TOP 4  Hund
Frau Lindner möchte ihren Hund mitbringen. Nach langer Aussprache abgelehnt,
vor allem der Allergien wegen.

TOP 5  Ausflug
Die Mehrheit will in den Tierpark und nicht ins Puppentheater. Termin: 22. Mai.

Ende gegen 22:40 Uhr. Nächste Versammlung im März.
"""
    closing = mail(
        "Malte Grünwald <vorstand@kiebitz.example>",
        "Schließtage 2025",
        "Mon, 09 Dec 2024 19:30:00 +0100",
        """Liebe Eltern,

die Schließtage für das nächste Jahr stehen fest:

- 2. Mai (Brückentag)
- 30. Mai (Brückentag)
- 21. Juli bis 8. August (Sommer)
- 24. Dezember bis 2. Januar

Am 17. März ist Teamtag, da braucht ihr ebenfalls eine andere Lösung.

Herzlich
Malte
""",
    )
    closing_later = mail(
        "Malte Grünwald <vorstand@kiebitz.example>",
        "AW: Schließtage 2025",
        "Tue, 14 Jan 2025 21:10:00 +0100",
        """Liebe Eltern,

das Team hat gebeten, den Teamtag zu verlegen: Er ist nun am 31. März. Am
30. Mai haben wir dafür offen, allerdings nur mit einer Notgruppe für zehn
Kinder. Meldet euch dafür bis zum 1. Mai bei Rike.

Der Sommer bleibt, wie er ist.

Malte
""",
    )
    duties = """Dienst;Familie;Umfang;Ansprechpartner
Wäsche;Lindner;wöchentlich;Rike Sommer
Rasen mähen;Özdemir;April bis Oktober;Jens Brockmann
Einkauf;Wieland;donnerstags;Fatma Yildiz
Website;Brockmann;nach Bedarf;Malte Grünwald
Reparaturen;Haack;nach Bedarf;Jens Brockmann
Winterdienst;Grünwald;bei Schnee;Malte Grünwald
"""
    start = """# Die ersten Wochen

Liebe neue Eltern,

die Eingewöhnung dauert bei den meisten Kindern drei bis vier Wochen, bei manchen länger, und das
ist in Ordnung. In den ersten drei Tagen bleibt ihr dabei und geht nach einer Stunde gemeinsam
wieder. Erst am vierten Tag verlasst ihr zum ersten Mal den Raum, höchstens eine Viertelstunde, und
verabschiedet euch dabei richtig; hinausschleichen hilft niemandem.

Jedes Kind hat eine Bezugserzieherin: Rike Sommer bei den Bären, Nele Fuhrmann bei den Fröschen. Bei
den Bären sind die Kleinen bis drei, bei den Fröschen die Großen. Gekocht wird von Fatma Yildiz.

Jede Familie leistet im Jahr 20 Stunden für den Verein. Wer das nicht schafft, zahlt 15 Euro für
jede fehlende Stunde. Alleinerziehende leisten die Hälfte.

Bilder eurer Kinder kommen nur in die Mappe, nie ins Netz."""
    return {
        "hausordnung.docx": docx(page(rules)),
        "beitraege 2022.odt": odt(page(fees_old)),
        "beitraege 2024.odt": odt(page(fees)),
        "protokoll november.txt": minutes.encode(),
        "mails/schliesstage.eml": closing,
        "mails/schliesstage aw.eml": closing_later,
        "dienste.csv": duties.encode(),
        "die ersten wochen.rtf": rtf(page(start)),
    }


def elektro() -> Files:
    """Return an electrician's firm: terms, an offer, a price list, tools, cars, mails."""
    terms = """# Elektro Hagedorn GmbH

Allgemeine Bedingungen für Kunden, Stand Januar 2025

## Termine

Einen vereinbarten Termin können Sie bis zu 24 Stunden vorher kostenlos absagen. Danach berechnen
wir eine Pauschale von 55 Euro. Steht unser Monteur vor verschlossener Tür, kommt die Anfahrt hinzu.

## Zahlung

Rechnungen sind binnen 14 Tagen ohne Abzug zu begleichen. Bei Aufträgen über 3.000 Euro wird ein
Drittel bei Beginn der Arbeiten fällig. Für die erste Mahnung erheben wir nichts, für jede weitere
8 Euro.

## Gewährleistung

Für unsere Arbeit stehen wir fünf Jahre lang ein, für Leuchtmittel sechs Monate. Auf Geräte, die der
Kunde selbst besorgt hat, erstreckt sich das nicht.

## Baustelle

Der Kunde sorgt dafür, dass Strom und Wasser vorhanden sind und die Wände frei stehen. Möbel rücken
wir nicht. Schlitze werden von uns gefräst, aber nicht verputzt.

## Altgeräte

Auf Wunsch nehmen wir Altgeräte mit, je Stück für 12 Euro; Nachtspeicheröfen sind davon ausgenommen,
weil sie Asbest enthalten können."""
    prices = """Leistung;Einheit;Preis in Euro
Meisterstunde;Stunde;78,00
Gesellenstunde;Stunde;64,00
Lehrlingsstunde;Stunde;34,00
Anfahrt Stadtgebiet;pauschal;29,00
Anfahrt bis 30 km;pauschal;48,00
Steckdose setzen;Stück;42,50
Lichtschalter tauschen;Stück;31,00
Wallbox anschließen;pauschal;690,00
E-Check Wohnung;pauschal;145,00
Zuschlag Samstag;auf die Stunde;25 %
Zuschlag Nacht und Sonntag;auf die Stunde;60 %
"""
    offer = """# Angebot 2025-118

An: Frau Dr. Yvonne Kessler, Am Anger 9, Weimar

Vom 6. März 2025, gültig bis 30. April 2025

Ihr Zeichen: Umbau Dachgeschoss

| Pos. | Leistung | Menge | Einzelpreis | Gesamt |
| 1 | Unterverteilung mit zwölf Sicherungen | 1 | 612,00 | 612,00 |
| 2 | Steckdosen | 18 | 42,50 | 765,00 |
| 3 | Einbauleuchten, warmweiß | 14 | 58,00 | 812,00 |
| 4 | Rauchmelder, vernetzt | 5 | 46,20 | 231,00 |
| | Netto | | | 2.420,00 |
| | Mehrwertsteuer 19 % | | | 459,80 |
| | Brutto | | | 2.879,80 |

Beginnen könnten wir in der 19. Kalenderwoche; wir rechnen mit vier Arbeitstagen. Das Verputzen der
Schlitze ist im Preis nicht enthalten.

Ihr Ansprechpartner ist Herr Torben Jahnke."""
    order = mail(
        "Yvonne Kessler <kessler@anger.example>",
        "Ihr Angebot 2025-118",
        "Fri, 21 Mar 2025 08:12:00 +0100",
        """Sehr geehrter Herr Jahnke,

ich nehme Ihr Angebot an, bitte allerdings mit 22 statt 18 Steckdosen. Die
Rauchmelder lassen Sie weg, die hat mein Mann schon gekauft.

Bitte klingeln Sie bei Adler, unsere Klingel geht ja nicht. Wir haben eine
Katze, die nicht hinaus darf.

Mit freundlichen Grüßen
Yvonne Kessler
""",
    )
    confirm = mail(
        "Torben Jahnke <jahnke@hagedorn.example>",
        "AW: Ihr Angebot 2025-118",
        "Mon, 24 Mar 2025 07:05:00 +0100",
        """Guten Morgen Frau Dr. Kessler,

danke für den Auftrag. In der 19. Woche ist bei uns leider jemand ausgefallen,
wir fangen deshalb erst am 19. Mai an. Es kommen Herr Nowak und unsere Auszubildende
Frau Sander.

Der neue Gesamtbetrag liegt bei 2.807,21 Euro brutto.

Torben Jahnke
""",
    )
    vans = """# Fahrzeuge

| Kennzeichen | Fahrzeug | Fahrer | TÜV bis | Bemerkung |
| WE-EH 101 | Vito | Pawel Nowak | 08/2026 | Dachträger |
| WE-EH 102 | Caddy | Torben Jahnke | 02/2026 | |
| WE-EH 103 | Crafter | Uli Rausch | 11/2025 | Anhängerkupplung |
| WE-EH 104 | e-Up | Büro | 05/2027 | nur mit Karte laden |

Getankt wird mit der Karte, die PIN kennt Heike. Strafzettel zahlt, wer gefahren ist. Privatfahrten
sind nur für den Weg zur Arbeit erlaubt. Nach einem Unfall wird immer die Polizei gerufen, auch bei
einer Schramme, und nichts zugegeben."""
    staff = """# Für unsere Leute

Gearbeitet wird von Montag bis Donnerstag von 7 bis 16 Uhr, am Freitag ist um eins Schluss. Der
Bereitschaftsdienst wechselt wöchentlich und wird mit 120 Euro je Woche vergütet; wer hinausmuss,
bekommt die Stunden obendrauf.

Urlaub: 29 Tage, im Jahr des fünfzigsten Geburtstags kommen zwei hinzu. Zwischen Weihnachten und
Neujahr ist der Betrieb zu, dafür gehen drei Tage ab. Urlaubsanträge nimmt Heike Lorenz entgegen,
entschieden werden sie vom Chef.

Krankmeldungen bitte bis sieben Uhr telefonisch, nicht per Nachricht. Ab dem dritten Tag brauchen
wir die Bescheinigung.

Arbeitskleidung stellt der Betrieb, gewaschen wird sie daheim. Für Sicherheitsschuhe gibt es alle
zwei Jahre 130 Euro.

Fünf Regeln, ohne Ausnahme:

1. Freischalten.
2. Gegen Wiedereinschalten sichern.
3. Spannungsfreiheit feststellen.
4. Erden und kurzschließen.
5. Benachbarte Teile abdecken.

Wer eine gewischt bekommen hat, und sei es noch so leicht, fährt ins Krankenhaus und lässt sein Herz
überprüfen. Allein arbeitet bei uns niemand unter Spannung, Lehrlinge überhaupt nicht.

Auf der Baustelle wird nicht geraucht und kein Radio gehört, wenn der Kunde daheim ist."""
    tools = """WERKZEUG ZUM AUSLEIHEN             Stand: 3. Februar 2025

Nr.    Gerät                 Wo             Zuletzt geprüft
W-07   Mauernutfräse         Crafter        Januar 2025
W-11   Kernbohrgerät         Halle, Regal 2 November 2024
W-12   Leitungssuchgerät     Vito           Januar 2025
W-19   Wärmebildkamera       Büro, Schrank  nie
W-23   Leiter 8 m            Halle, Wand    Juli 2024

Die Wärmebildkamera gibt es nur gegen Unterschrift bei Heike.
Das Kernbohrgerät verleihen wir auch an Kunden: 65 Euro am Tag.
"""
    return {
        "bedingungen.pdf": flowing(page(terms), foot="Elektro Hagedorn GmbH, Weimar"),
        "preise.csv": prices.encode(),
        "angebot 2025-118.docx": docx(page(offer)),
        "mails/kessler.eml": order,
        "mails/jahnke.eml": confirm,
        "fahrzeuge.odt": odt(page(vans)),
        "fuer unsere leute.rtf": rtf(page(staff)),
        "werkzeug.txt": tools.encode(),
    }

"""A folder of three languages: the papers of three twinned towns and their yearly meeting."""

from evals.everyday.office import docx, mail, odt, page, rtf
from evals.everyday.paper import flowing
from evals.everyday.work import Files


def twinning() -> Files:
    """Return what three towns write to each other, each in its own language."""
    agreement = """# Twinning agreement

between Oakhampton Magna (England), Lindenau am See (Germany) and Saint-Aubrac (France), signed on
3 October 1987, renewed in 2012.

## Purpose

The towns wish their people to know one another. They meet once a year, at Whitsun, in each town in
turn.

## Money

The town that is host pays for the hall, the coach trips and one dinner. Whoever travels pays the
fare. Every town puts 800 euros a year into the common fund, which is administered by Saint-Aubrac.

Young people under 18 have half of their fare refunded out of the fund.

## Committee

Each town sends two members. They are chosen for three years and may be chosen again once. Decisions
need the consent of all three towns; a town that does not answer within four weeks is taken to have
agreed.

## Guests

Guests stay with families. Nobody is put up in a hotel, unless for reasons of health.

## Leaving

A town may leave at the end of any year, having said so by Easter. What it has paid into the fund
stays there."""
    programme = """# Programm Pfingsten 2025 in Lindenau am See

| Tag | Zeit | Was | Wo |
| Freitag, 6. Juni | ab 17 Uhr | Ankunft und Verteilung auf die Familien | Feuerwehrhaus |
| Samstag, 7. Juni | 10 Uhr | Empfang beim Bürgermeister | Rathaus |
| Samstag, 7. Juni | 14:30 Uhr | Schifffahrt | Anleger West |
| Sonntag, 8. Juni | 11 Uhr | Gottesdienst, danach Boule | Kurpark |
| Sonntag, 8. Juni | 19 Uhr | Festessen | Seehalle |
| Montag, 9. Juni | 9 Uhr | Abfahrt | Feuerwehrhaus |

Wer lieber ausschläft, trifft die anderen am Samstag um 14 Uhr am Brunnen.

Bei Regen fällt die Schifffahrt aus, stattdessen führt Frau Liebig durch das Uhrenmuseum.

Zum Festessen bitten wir um gute Kleidung, aber keine Krawatten. Es gibt Felchen aus dem See, für
alle, die keinen Fisch mögen, Maultaschen. Getränke zahlt jeder selbst.

Bettwäsche ist vorhanden. Handtücher und Badesachen bringt bitte jeder mit: das Strandbad ist für
unsere Gäste an allen vier Tagen frei."""
    ship = mail(
        "Hartmut Liebig <liebig@lindenau.example>",
        "Änderung am Samstag",
        "Tue, 27 May 2025 18:22:00 +0200",
        """Liebe Freunde,

das Schiff legt schon um 13:45 Uhr ab, und zwar am Anleger Ost, weil der
andere gerade neu gebaut wird. Das Treffen am Brunnen ist darum um 13:15 Uhr.

Wer im Rollstuhl sitzt, meldet sich bitte bei mir, dann stellen wir die Rampe
bereit: 0170 5550 218.

Hartmut Liebig
""",
    )
    minutes = """# Compte rendu de la réunion du comité, Saint-Aubrac, 18 janvier 2025

Présents : Mme Claire Fontanel et M. Yves Roussel (Saint-Aubrac), Mme Ute Liebig (Lindenau),
Mr Graham Ottley et Mrs Pauline Veal (Oakhampton).

Excusé : M. Detlef Kranz, grippé.

La trésorière, Mme Fontanel, indique que le fonds commun contient 6 415 euros. Oakhampton n'a pas
encore versé sa part de 2024 ; M. Ottley promet de s'en occuper avant la fin du mois.

Il est décidé que la rencontre de 2026 aura lieu à Saint-Aubrac et celle de 2027 à Oakhampton.

La proposition d'accueillir une quatrième ville, Sliwno en Pologne, plaît à tout le monde, mais
Lindenau souhaite d'abord consulter son conseil. On en reparlera à la Pentecôte.

Le concours de photographies est abandonné : deux envois seulement l'an dernier.

M. Roussel, qui arrive au terme de ses six ans, sera remplacé en juin par Mlle Inès Castan.

Le prix du car depuis Saint-Aubrac est fixé à 95 euros par personne. Le départ a lieu le vendredi à
5 h 45, devant la poste."""
    families = """<html><head><meta charset="utf-8"></head><body>
<h1>Familles d'accueil, Pentecôte 2025</h1><table>
<tr><th>Famille</th><th>Invités</th><th>Lits</th><th>Animaux</th><th>Langues</th></tr>
<tr><td>Kranz</td><td>M. et Mme Delmas</td><td>2</td><td>un chat</td>
<td>allemand, anglais</td></tr>
<tr><td>Liebig</td><td>Graham Ottley</td><td>1</td><td>aucun</td>
<td>allemand, français</td></tr>
<tr><td>Bodmer</td><td>Pauline Veal et sa sœur</td><td>2</td><td>deux chiens</td>
<td>allemand</td></tr>
<tr><td>Achenbach</td><td>Inès Castan</td><td>1</td><td>aucun</td>
<td>allemand, anglais, français</td></tr>
<tr><td>Thoma</td><td>libre</td><td>3</td><td>des poules</td>
<td>allemand, italien</td></tr></table>
<p>Mme Delmas est allergique aux poils de chat : à changer d'urgence !</p></body></html>
"""
    swap = mail(
        "Claire Fontanel <fontanel@saint-aubrac.example>",
        "Re: Familles d'accueil",
        "Fri, 30 May 2025 09:10:00 +0200",
        """Bonjour à tous,

c'est réglé : les Delmas iront chez les Thoma, qui ont de la place. Merci de le
dire aux Kranz, qui recevront à leur place les deux frères Vidal.

Le car part finalement à 5 h 15, le chauffeur ayant droit à sa pause.

Claire
""",
    )
    letter = mail(
        "Pauline Veal <pauline@oakhampton.example>",
        "Travelling from Oakhampton",
        "Sun, 11 May 2025 16:33:00 +0100",
        """Dear all,

eleven of us are coming this year. We take the 06:31 to London and the train
through the tunnel, change in Strasbourg, and should be in Lindenau at ten
past six, if the gods are kind. The fare is 214 pounds.

Passports must be good for three months after the journey, so do have a look
tonight and not on the Thursday.

We are giving Lindenau a bench of oak for the lakeside. Bernard has carved the
three coats of arms. It goes by lorry and will be there before us.

The speech on Sunday falls to me, as Graham refuses.

Pauline
""",
    )
    account = """Date,Libellé,Entrée,Sortie,Solde
02.01.2025,Report,,,5 890
09.01.2025,Cotisation Lindenau,800,,6 690
14.01.2025,Timbres et affiches,,275,6 415
27.01.2025,Cotisation Oakhampton 2024,800,,7 215
03.03.2025,Remboursement jeunes,,320,6 895
12.05.2025,Plaque pour le banc,,140,6 755
"""
    phrases = """Kleiner Sprachführer

Wo ist ...?            Where is ...?          Où est ... ?
Prost!                 Cheers!                Santé !
Ich bin satt.          I am full.             Je n'ai plus faim.
Gute Nacht.            Good night.            Bonne nuit.

Notruf in allen drei Ländern: 112
Arzt am Wochenende in Lindenau: Dr. Seidel, Seestraße 40, Klingel links
"""
    return {
        "agreement.docx": docx(page(agreement)),
        "programm 2025.pdf": flowing(page(programme), foot="Lindenau am See"),
        "mails/schiff.eml": ship,
        "mails/familles.eml": swap,
        "mails/travelling.eml": letter,
        "compte rendu.rtf": rtf(page(minutes)),
        "familles.html": families.encode(),
        "fonds.csv": account.encode(),
        "sprachfuehrer.odt": odt(page(phrases)),
    }

"""Folders in French and in Spanish: the owners of a block of flats, and a country guest house."""

from evals.everyday.office import docx, mail, odt, page, rtf
from evals.everyday.paper import flowing
from evals.everyday.work import Files


def immeuble() -> Files:
    """Return the papers of a French block of flats: rules, minutes, charges, mails, contacts."""
    rules = """# Règlement de l'immeuble, 14 rue des Lavandières

Version de mars 2021

## Article 1. Bruit

Le calme est de rigueur de 22 heures à 7 heures. Les travaux bruyants ne se font que les jours
ouvrables, entre 9 heures et 18 heures.

## Article 2. Animaux

Les animaux familiers sont tolérés tant qu'ils ne gênent personne. Les chiens sont tenus en laisse
dans la cour et l'escalier. Il est défendu de nourrir les pigeons.

## Article 3. Cour et local à vélos

Aucun véhicule à moteur ne stationne dans la cour, fût-ce pour un quart d'heure, sauf les
déménagements annoncés trois jours avant au gardien. Les vélos sans étiquette sont enlevés chaque
année en novembre.

## Article 4. Fenêtres et balcons

On n'étend pas de linge du côté de la rue. Les jardinières se placent à l'intérieur de la
balustrade. Le barbecue à charbon est interdit, la plancha électrique est admise.

## Article 5. Locations

Un appartement ne peut être loué pour moins de trois mois. Le nom du locataire est communiqué au
syndic dans les quinze jours.

## Article 6. Travaux privés

| Travaux | Accord de | Délai |
| Peinture, parquet | personne | |
| Remplacement d'une fenêtre | syndic | un mois |
| Mur porteur | assemblée générale | |
| Climatiseur en façade | refusé d'office | |"""
    minutes = """# Assemblée générale du 5 juin 2024

Présents ou représentés : 18 copropriétaires sur 24, soit 7 640 tantièmes sur 10 000.
Excusés : M. Tavernier, Mme Le Goff.

Présidente de séance : Mme Solange Rivoire. Secrétaire : M. Adrien Caumont, pour le syndic.

1. Comptes. Les dépenses de 2023 s'élèvent à 61 250 euros, pour un budget de 58 000. L'écart tient à
la fuite de la colonne d'eau. Les comptes sont approuvés à la majorité.

2. Ravalement. Trois devis ont été reçus : Batifaçade 112 400 euros, Lemoine 98 700 euros, Rossi et
fils 121 000 euros. L'assemblée retient Lemoine. Début du chantier : avril 2025, durée prévue : cinq
mois.

3. Ascenseur. La modernisation est repoussée, faute de moyens.

4. Bornes de recharge. La proposition de M. Belkacem recueille 3 100 tantièmes pour, 4 540 contre.

5. Conseil syndical. Sont élus Mme Rivoire, M. Belkacem et Mme Dupuis. M. Tavernier ne se
représentait pas.

La séance est levée à 21 h 15."""
    charges = """Poste,2023,2024
Eau froide,9 800,10 150
Chauffage,21 400,19 900
Ascenseur,4 300,4 450
Gardien,14 600,15 000
Assurance,5 200,5 900
Entretien des parties communes,5 950,4 600
"""
    call = """# Appel de charges

Les charges se paient par trimestre et d'avance, au plus tard le 10 du premier mois. Le virement se
fait sur le compte de la copropriété avec le numéro du lot.

En cas de retard, une relance coûte 15 euros, une mise en demeure 48 euros.

Qui traverse une passe difficile peut demander un étalement sur six mois à Mme Ferrand, chez le
syndic, sans avoir à se justifier devant les voisins.

Le fonds de travaux est alimenté à hauteur de 5 % du budget ; il reste acquis à l'immeuble en cas de
vente de l'appartement."""
    works = mail(
        "Cabinet Caumont <syndic@caumont.example>",
        "Ravalement : calendrier",
        "Mon, 17 Mar 2025 11:00:00 +0100",
        """Mesdames, Messieurs,

l'échafaudage sera monté à partir du 7 avril côté rue. Pendant toute la durée
du chantier, les volets de la façade doivent rester ouverts et les balcons
être vides.

L'entreprise travaille de 8 heures à 17 heures. Le chef de chantier est
M. Da Costa, que l'on joint au 01 99 00 41 17.

Adrien Caumont
""",
    )
    works_later = mail(
        "Cabinet Caumont <syndic@caumont.example>",
        "Re: Ravalement : calendrier",
        "Thu, 03 Apr 2025 17:45:00 +0200",
        """Mesdames, Messieurs,

la mairie n'ayant délivré l'autorisation que cette semaine, le montage est
reporté au 28 avril, et il commence par la cour. Les balcons de la rue n'ont à
être vides qu'à partir du 2 juin.

L'alarme de l'échafaudage est reliée à la société Vigie. Si elle se déclenche
la nuit, il n'y a rien à faire.

Adrien Caumont
""",
    )
    guardian = """MOT DU GARDIEN

La loge est ouverte du lundi au vendredi, de 8 h à 11 h 30 et de 16 h à 19 h.
Je garde les colis dix jours, après quoi ils repartent.

Poubelles : la jaune sort le mardi soir, la grise tous les soirs sauf samedi.
Le verre se porte au coin de la rue Basse. Les encombrants : appeler la ville
au 3975, jamais les laisser sous le porche.

Nouveau code de la porte depuis le 1er février : 58B14.
L'ancien, 21A70, ne marche plus.

Je suis en congé du 4 au 24 août ; Mme Keita me remplace.

Un trousseau est resté sur la boîte aux lettres du 3e, porte-clés en forme de
tortue. Il est à la loge.
                                             Firmin Lacaze
"""
    contacts = """<html><head><meta charset="utf-8"></head><body><h1>En cas de besoin</h1><table>
<tr><th>Panne</th><th>Entreprise</th><th>Téléphone</th><th>Horaires</th></tr>
<tr><td>Ascenseur</td><td>Montelev</td><td>01 99 00 32 10</td><td>jour et nuit</td></tr>
<tr><td>Chauffage collectif</td><td>Thermalis</td><td>01 99 00 32 55</td><td>7 h à 20 h</td></tr>
<tr><td>Plomberie des parties communes</td><td>Aubin</td><td>01 99 00 18 02</td>
<td>jour et nuit</td></tr>
<tr><td>Serrurerie</td><td>Clés Mercier</td><td>01 99 00 77 41</td><td>jusqu'à minuit</td></tr>
</table>
<p>Une fuite chez vous est l'affaire de votre propre assurance ; prévenez tout de même le voisin du
dessous. Le robinet général se trouve à la cave, derrière la porte numéro 6.</p>
<p>Le chauffage collectif marche du 15 octobre au 15 avril.</p></body></html>
"""
    return {
        "reglement.docx": docx(page(rules)),
        "assemblee 2024.pdf": flowing(page(minutes), foot="14 rue des Lavandières"),
        "budget.csv": charges.encode(),
        "appel de charges.odt": odt(page(call)),
        "mails/ravalement.eml": works,
        "mails/ravalement suite.eml": works_later,
        "mot du gardien.txt": guardian.encode(),
        "contacts.html": contacts.encode(),
    }


def posada() -> Files:
    """Return a Spanish guest house's papers: prices, rules, staff, mails, suppliers, walks."""
    prices = """# Tarifas

## Temporada 2025

| Habitación | Camas | Temporada baja | Temporada alta |
|---|---|---|---|
| Encina | una de matrimonio | 68 | 85 |
| Olmo | dos individuales | 68 | 85 |
| Tejo | una de matrimonio y una litera | 92 | 118 |
| Avellano | una individual | 49 | 60 |

Los precios son por noche, con desayuno. La temporada alta va del 15 de junio al 15 de septiembre y
comprende también la Semana Santa.

Los menores de cuatro años no pagan. Una cama supletoria cuesta 18 euros. Por los perros pedimos 7
euros al día; otros animales no se admiten.

## Cancelación

Quien anula con más de diez días de antelación recupera todo lo pagado. Después se devuelve la
mitad, y nada si quedan menos de tres días.
"""
    old_prices = """# Tarifas

## Temporada 2023

| Habitación | Temporada baja | Temporada alta |
|---|---|---|
| Encina | 61 | 77 |
| Olmo | 61 | 77 |
| Tejo | 84 | 105 |

Por los perros pedimos 5 euros al día.
"""
    rules = """# Bienvenidos a la Posada del Vado

Queridos huéspedes:

La habitación está lista a partir de las cuatro de la tarde, y os pedimos que la dejéis antes de las
once y media. Si llegáis después de las diez de la noche, avisad: os dejaremos la llave en el
buzón, cuyo número es el 2806.

El desayuno se sirve de ocho a diez y media en la galería. A quien sale al monte temprano le
preparamos un bocadillo si lo dice la víspera.

En toda la casa no se fuma; en el patio, sí. La chimenea la encendemos nosotros. Las botas se
quedan en el zaguán y las bicicletas en la cuadra, que se cierra con llave.

El agua del grifo es del manantial y se puede beber. La de la fuente del patio, no.

La red se llama vado-huespedes y la clave está detrás de la puerta de cada habitación. En Tejo no
llega bien, por el grosor de las paredes.

La piscina abre de junio a septiembre. No hay socorrista, así que los niños no entran sin un adulto.

Si se va la luz, lo que en las tormentas ocurre, hay velas en el cajón de la entrada. Si ocurre algo
grave por la noche, tocad el timbre de la puerta verde: ahí vive Remedios."""
    staff = """# Turnos y tareas

| Tarea | Quién | Cuándo |
| Desayunos | Remedios Alcaraz | todos los días menos el lunes |
| Desayunos del lunes | Iván Soto | lunes |
| Habitaciones | Lucía Pardo | de martes a sábado |
| Jardín y piscina | Iván Soto | miércoles y viernes |
| Cuentas y reservas | Begoña Urrutia | por las mañanas |

Las horas extra se apuntan en la libreta roja y se pagan a 14 euros, o se cambian por tiempo libre.
Las vacaciones se piden a Begoña antes de que acabe febrero; en agosto no se va nadie.

Si alguien se pone enfermo, llama antes de las siete para que dé tiempo a buscar a otro. Suele venir
Petra, la del molino.

Las propinas van al bote y se reparten a partes iguales en Navidad y por San Juan.

Las sábanas se cambian cada tres noches y las toallas cuando estén en el suelo. Lo que los huéspedes
se dejan se guarda un año en el armario del pasillo, con la fecha."""
    group = mail(
        "Asociación Sendas <sendas@andar.example>",
        "Reserva para octubre",
        "Wed, 07 May 2025 10:20:00 +0200",
        """Buenos días:

quisiéramos reservar toda la casa del 10 al 12 de octubre. Somos nueve, tres de
nosotros vegetarianos y una celíaca. Cenaríamos allí las dos noches.

¿Podrían decirnos cuánto sería en total?

Un saludo,
Marisol Quesada
""",
    )
    group_reply = mail(
        "Begoña Urrutia <reservas@vado.example>",
        "Re: Reserva para octubre",
        "Thu, 08 May 2025 12:02:00 +0200",
        """Hola, Marisol:

encantados. La casa entera sale a 520 euros por las dos noches, y la cena a 16
por persona y noche. Para confirmar, ingresad 150 euros antes del 31 de mayo.

Pan sin gluten lo trae Remedios de Olvera.

Begoña
""",
    )
    group_change = mail(
        "Asociación Sendas <sendas@andar.example>",
        "Re: Re: Reserva para octubre",
        "Mon, 22 Sep 2025 19:47:00 +0200",
        """Hola, Begoña:

al final vamos a ser siete, y la celíaca no viene. Llegaremos el viernes hacia
las nueve de la noche, en dos coches. La primera noche no cenamos, porque
paramos por el camino.

Marisol
""",
    )
    suppliers = """Proveedor;Qué trae;Día;Teléfono;Pago
Panadería Olvera;pan y bollos;a diario;600 10 20 31;al mes
Granja Las Cabrillas;queso y leche;lunes;600 10 20 47;en mano
Huerta de Eusebio;verdura;martes y viernes;600 10 20 58;en mano
Gas del Norte;bombonas;cuando se llama;900 55 12 12;a 30 días
Lavandería Nieves;sábanas;jueves;600 10 20 66;al mes
Leñas Corbacho;leña de encina;octubre;600 10 20 79;en mano
"""
    walks = """# Paseos desde la casa

## La ermita

Una hora larga de subida por la umbría, sin pérdida: se sigue la acequia. Arriba hay sombra, pero no
agua. Desde el pretil se ven, si el día está claro, las dos torres de Zújar.

## Las hoces

Nueve kilómetros, casi todo llano, salvo el paso de las cadenas, que no es para quien tenga vértigo.
De febrero a julio está cerrado porque crían los alimoches.

## El molino viejo

Veinte minutos por la orilla. Es el paseo para los niños y para las sillas de ruedas. Petra enseña
la maquinaria los sábados a las doce; no cobra, pero agradece que se le compre harina.

Cuando llueve fuerte, el vado se cubre y hay que dar la vuelta por el puente, que son seis
kilómetros más."""
    return {
        "tarifas 2025.md": prices.encode(),
        "tarifas 2023.md": old_prices.encode(),
        "bienvenidos.docx": docx(page(rules)),
        "turnos.odt": odt(page(staff)),
        "mails/sendas 1.eml": group,
        "mails/sendas 2.eml": group_reply,
        "mails/sendas 3.eml": group_change,
        "proveedores.csv": suppliers.encode(),
        "paseos.rtf": rtf(page(walks)),
    }

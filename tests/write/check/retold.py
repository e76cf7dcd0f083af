"""Sentences of a source, each with faithful rewordings and with false ones, for `agree`.

All of it is made up for these tests. Of the false ones each is near its source: another speaker,
no speaker, no reservation, an opposite, roles turned round, a denial taken away or put in.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Told:
    source: str
    faithful: tuple[str, ...]
    false: tuple[str, ...] = ()
    context: str = ""


TABLE = (
    Told(
        "The Alder Mill was built by Thomas Reeve in 1843 and sold to the Quarry Company in 1901.",
        (
            "Thomas Reeve built the Alder Mill in 1843.",
            "The Alder Mill was sold to the Quarry Company in 1901.",
            "In 1843, the Alder Mill was built by Thomas Reeve.",
        ),
        (
            "Thomas Reeve built the Alder Mill in 1901.",
            "The Alder Mill was sold to Thomas Reeve in 1901.",
            "The Alder Mill was sold in 1843.",
            "The Alder Mill was bought by the Quarry Company in 1843.",
            "The Quarry Company was built by Thomas Reeve in 1843.",
        ),
    ),
    Told(
        "He did not go to Rome, but built the chapel in 1712.",
        ("He built the chapel in 1712.", "He did not go to Rome."),
        ("He went to Rome.", "He did not build the chapel in 1712.", "He went to Rome in 1712."),
    ),
    Told(
        "Velmora defeated Tarsin at the Battle of Korr on 3 March 1421.",
        (
            "Tarsin was defeated by Velmora at the Battle of Korr on March 3, 1421.",
            "On 3 March 1421, Velmora defeated Tarsin.",
            "Velmora defeated Tarsin in 1421.",
        ),
        (
            "Tarsin defeated Velmora at the Battle of Korr on 3 March 1421.",
            "Velmora was defeated by Tarsin in 1421.",
            "Velmora was defeated in 1421.",
            "Velmora defeated Tarsin on 13 March 1421.",
            "Velmora defeated Tarsin in May 1421.",
        ),
    ),
    Told(
        "According to the inspector, the dam may fail if the water rises above 12 metres.",
        (
            "According to the inspector, the dam may fail if the water rises above 12 metres",
            "The inspector said that the dam might fail if the water rises above 12 metres.",
        ),
        (
            "The dam may fail if the water rises above 12 metres.",
            "According to the inspector, the dam may fail.",
            "According to the inspector, the dam will fail if the water rises above 12 metres.",
            "According to the inspector, the dam may fail if the water rises above 12 feet.",
            "According to the inspector, the dam may fail if the water falls above 12 metres.",
        ),
    ),
    Told(
        "Nordwerk said on Tuesday that its new phone was safe, but the regulator banned it "
        "in June.",
        (
            "Nordwerk said that its new phone was safe.",
            "According to Nordwerk, its new phone was safe.",
            "The regulator banned it in June.",
        ),
        (
            "Its new phone was safe.",
            "The regulator said that its new phone was safe.",
            "Nordwerk said that its new phone was unsafe.",
            "Nordwerk said that its new phone was not safe.",
            "The regulator did not ban it in June.",
            "Nordwerk confirmed that its new phone was safe.",
        ),
    ),
    Told(
        '"The bridge is unsafe," said Maria Lindqvist, an engineer of the county.',
        (
            "Maria Lindqvist said that the bridge is unsafe.",
            "The bridge is unsafe, according to Maria Lindqvist.",
            "An engineer of the county, Maria Lindqvist, said the bridge is unsafe.",
        ),
        (
            "The bridge is unsafe.",
            "The bridge is safe, said Maria Lindqvist.",
            "Maria Lindqvist showed that the bridge is unsafe.",
        ),
    ),
    Told(
        "The council plans to close the harbour in 2031.",
        ("The council intends to close the harbour in 2031.", "The harbour will close in 2031."),
        (
            "The council closed the harbour in 2031.",
            "The harbour closed in 2031.",
            "The council plans to open the harbour in 2031.",
            "The council may close the harbour in 2031.",
        ),
    ),
    Told(
        "About 2,500 people live on Ostra Island, which has no hospital.",
        (
            "Ostra Island has no hospital.",
            "Around 2500 people live on Ostra Island.",
            "About two thousand five hundred people live on Ostra Island.",
        ),
        (
            "Ostra Island has a hospital.",
            "More than 2,500 people live on Ostra Island.",
            "No people live on Ostra Island.",
            "All people live on Ostra Island.",
        ),
    ),
    Told(
        "Exports of tin rose by 12 percent in 1988 while imports of coal fell by 30 percent.",
        (
            "Exports of tin rose by 12% in 1988.",
            "Imports of coal fell by 30 per cent.",
            "In 1988, exports of tin rose by 12 percent.",
        ),
        (
            "Exports of tin fell by 12 percent in 1988.",
            "Exports of tin rose by 30 percent.",
            "Imports of coal rose by 30 percent.",
            "Imports of coal fell by 12 percent.",
            "Exports of tin rose by 12 percentage points in 1988.",
        ),
    ),
    Told(
        "Neither Belor nor Castell signed the Treaty of Grenholm.",
        (
            "Belor did not sign the Treaty of Grenholm.",
            "The Treaty of Grenholm was not signed by Castell.",
        ),
        (
            "Belor signed the Treaty of Grenholm.",
            "Both Belor and Castell signed the Treaty of Grenholm.",
            "The Treaty of Grenholm was signed by Castell.",
        ),
    ),
    Told(
        "Captain Ilse Brandt denied that the ship had carried weapons to Marrow Bay.",
        (
            "Ilse Brandt denied that the ship had carried weapons.",
            "Captain Brandt denied that the ship carried weapons to Marrow Bay.",
            "Ilse Brandt said that the ship had not carried weapons.",
        ),
        (
            "The ship had carried weapons to Marrow Bay.",
            "Captain Ilse Brandt said that the ship had carried weapons to Marrow Bay.",
            "The ship had not carried weapons to Marrow Bay.",
            "Captain Ilse Brandt confirmed that the ship had carried weapons.",
        ),
    ),
    Told(
        "The fungus was reportedly found in three of the nine wells.",
        (
            "The fungus was reportedly found in 3 of the 9 wells.",
            "The fungus was reportedly found in three wells.",
        ),
        (
            "The fungus was found in three of the nine wells.",
            "The fungus was reportedly found in nine wells.",
            "The fungus was reportedly found in all nine wells.",
            "The fungus was reportedly found in none of the nine wells.",
        ),
    ),
    Told(
        "Doctor Amara Nwosu discovered the element lorium while she was working in Leipzig.",
        (
            "Amara Nwosu discovered lorium in Leipzig.",
            "Lorium was discovered by Amara Nwosu.",
            "The element lorium was discovered by Doctor Amara Nwosu in Leipzig.",
        ),
        (
            "Amara Nwosu did not discover lorium.",
            "Only Amara Nwosu discovered the element lorium.",
            "Leipzig was discovered by Amara Nwosu.",
            "Amara Nwosu may have discovered lorium in Leipzig.",
        ),
    ),
    Told(
        "Most members of the guild voted against the merger on 14 October 1996.",
        (
            "Most members of the guild voted against the merger.",
            "On October 14, 1996, most members of the guild voted against the merger.",
        ),
        (
            "All members of the guild voted against the merger.",
            "Members of the guild voted against the merger.",
            "Most members of the guild did not vote against the merger.",
            "Most members of the guild voted against the merger on 4 October 1996.",
        ),
    ),
    Told(
        "The Lantern Act of 1872 abolished the salt tax and created a postal service.",
        (
            "The Lantern Act abolished the salt tax.",
            "The salt tax was abolished by the Lantern Act of 1872.",
            "A postal service was created by the Lantern Act.",
        ),
        (
            "The Lantern Act created the salt tax.",
            "The Lantern Act destroyed a postal service.",
            "The Lantern Act was abolished.",
            "The Lantern Act abolished the salt tax first.",
        ),
    ),
    Told(
        "Halden is the largest town of the valley and lies north of the river Isk.",
        (
            "Halden is the largest town of the valley.",
            "Halden lies north of the river Isk.",
            "The largest town of the valley is Halden.",
        ),
        (
            "Halden is the smallest town of the valley.",
            "Halden lies south of the river Isk.",
            "Halden is the only town of the valley.",
            "Halden is the oldest town of the valley.",
            "The river Isk lies north of Halden.",
        ),
    ),
    Told(
        "The reactor produced 2.5 million kilowatt hours in its first year.",
        (
            "In its first year the reactor produced 2,500,000 kilowatt hours.",
            "The reactor produced 2.5 million kilowatt hours in its 1st year.",
        ),
        (
            "The reactor produced 2.5 billion kilowatt hours in its first year.",
            "The reactor produced 2.5 million kilowatt hours in its third year.",
            "The reactor produced 2.5 million kilowatt hours in its last year.",
        ),
    ),
    Told(
        "Governor Paul Etienne refused to pardon the rebels, although the bishop asked him to.",
        (
            "Governor Paul Etienne refused to pardon the rebels.",
            "Paul Etienne did not pardon the rebels.",
            "The rebels were not pardoned by Governor Paul Etienne.",
        ),
        (
            "Governor Paul Etienne pardoned the rebels.",
            "The bishop refused to pardon the rebels.",
            "The rebels were pardoned.",
        ),
    ),
    Told(
        "Scientists believe that the crater was formed 35 million years ago.",
        (
            "Scientists believe the crater was formed 35 million years ago.",
            "According to scientists, the crater was formed 35,000,000 years ago.",
        ),
        (
            "The crater was formed 35 million years ago.",
            "Scientists proved that the crater was formed 35 million years ago.",
            "Scientists believe that the crater was formed 35 million days ago.",
            "Sailors believe that the crater was formed 35 million years ago.",
        ),
    ),
    Told(
        "Orla Finch taught Bram Coster, who later designed the opera house in Delft.",
        (
            "Orla Finch taught Bram Coster.",
            "Bram Coster was taught by Orla Finch.",
            "Bram Coster later designed the opera house in Delft.",
        ),
        (
            "Bram Coster taught Orla Finch.",
            "Orla Finch was taught by Bram Coster.",
            "The opera house in Delft designed Bram Coster.",
        ),
    ),
    Told(
        "The library holds 40,000 books, half of which were given by the Ferrars family.",
        (
            "The library holds forty thousand books.",
            "Half of the 40,000 books were given by the Ferrars family.",
        ),
        (
            "All of the books were given by the Ferrars family.",
            "The library holds 40 million books.",
            "A third of the books were given by the Ferrars family.",
            "The books were taken by the Ferrars family.",
        ),
    ),
    Told(
        "The company accused the union of blocking the gates for two weeks.",
        (
            "The company accused the union of blocking the gates.",
            "The union was accused by the company of blocking the gates for 2 weeks.",
            "According to the company, the union was blocking the gates for two weeks.",
        ),
        (
            "The union accused the company of blocking the gates.",
            "The union was blocking the gates for two weeks.",
            "The company accused the union of blocking the gates for two months.",
        ),
    ),
    Told(
        "The vaccine is expected to arrive in Port Selby in early April 2027.",
        (
            "The vaccine is expected to arrive in Port Selby in April 2027.",
            "The vaccine will arrive in Port Selby in early April 2027.",
        ),
        (
            "The vaccine arrived in Port Selby in early April 2027.",
            "The vaccine is expected to leave Port Selby in early April 2027.",
            "The vaccine is expected to arrive in Port Selby in early August 2027.",
        ),
    ),
    Told(
        "She never married and left her house to the town of Wexley.",
        ("She never married.", "She left her house to the town of Wexley."),
        (
            "She married.",
            "She never left her house to the town of Wexley.",
            "She married and left her house to the town of Wexley.",
        ),
    ),
    Told(
        "Without a licence, traders cannot sell wine in the district of Moss Green.",
        (
            "Traders cannot sell wine in Moss Green without a licence.",
            "Without a licence, traders can't sell wine in the district of Moss Green",
        ),
        (
            "Traders can sell wine in the district of Moss Green.",
            "Without a licence, traders can sell wine in Moss Green.",
            "Without a licence, traders cannot buy wine in Moss Green.",
        ),
    ),
    Told(
        "The tower, which did not burn, was restored in 1955 for £3 million.",
        (
            "The tower was restored in 1955.",
            "The tower did not burn.",
            "The tower was restored for £3 million.",
        ),
        (
            "The tower burned in 1955.",
            "The tower was not restored in 1955.",
            "The tower was restored for €3 million.",
            "The tower was restored for 3 million people.",
        ),
    ),
    Told(
        "Ravel Point lighthouse was first lit on 1 May 1899 by its keeper, Jonas Aby.",
        (
            "Ravel Point lighthouse was first lit on May 1, 1899.",
            "Jonas Aby first lit Ravel Point lighthouse.",
            "Ravel Point lighthouse was first lit on 1899-05-01.",
        ),
        (
            "Ravel Point lighthouse was last lit on 1 May 1899.",
            "Ravel Point lighthouse was first lit on 1 June 1899.",
            "Ravel Point lighthouse was never lit.",
        ),
    ),
    Told(
        "The committee rejected the budget but approved the new rail line to Hollin.",
        (
            "The committee rejected the budget.",
            "The committee approved the new rail line to Hollin.",
        ),
        (
            "The committee approved the budget.",
            "The committee accepted the budget.",
            "The committee rejected the new rail line to Hollin.",
            "The committee did not approve the new rail line to Hollin.",
            "The budget was approved.",
        ),
    ),
    Told(
        "If the merger is approved, Kestrel Air will move from Dunmore to Ashby.",
        (
            "Kestrel Air will move from Dunmore to Ashby if the merger is approved.",
            "If the merger is approved, Kestrel Air would move from Dunmore to Ashby.",
        ),
        (
            "Kestrel Air will move from Dunmore to Ashby.",
            "Kestrel Air moved from Dunmore to Ashby.",
            "If the merger is approved, Kestrel Air will move from Ashby to Dunmore.",
        ),
    ),
    Told(
        "At least 14 miners died and 60 were injured in the Corran pit in 1911.",
        (
            "At least 14 miners died in the Corran pit in 1911.",
            "In 1911, 60 miners were injured in the Corran pit.",
            "At least fourteen miners died and sixty were injured.",
        ),
        (
            "14 miners died in the Corran pit in 1911.",
            "At least 60 miners died in the Corran pit in 1911.",
            "At most 14 miners died in the Corran pit in 1911.",
            "Every miner died in the Corran pit in 1911.",
        ),
    ),
    Told(
        "The archive does not contain any letters from Queen Adela to her brother.",
        (
            "The archive contains no letters from Queen Adela.",
            "The archive does not contain letters from Queen Adela to her brother.",
        ),
        (
            "The archive contains letters from Queen Adela to her brother.",
            "The archive contains any letters from Queen Adela.",
            "The archive does not contain letters to Queen Adela from her brother.",
        ),
    ),
    Told(
        "It would later be rebuilt by the monks of Saint Orban as a school.",
        ("It would later be rebuilt as a school.",),
        ("It was not rebuilt by the monks of Saint Orban.", "It was always a school."),
        "Grey Abbey",
    ),
    Told(
        "He told reporters that the fire had destroyed the eastern wing of the palace.",
        (
            "He told reporters that the fire destroyed the eastern wing.",
            "Viktor Salo said that the fire had destroyed the eastern wing of the palace.",
            "According to Viktor Salo, the fire destroyed the eastern wing of the palace.",
        ),
        (
            "The fire had destroyed the eastern wing of the palace.",
            "He told reporters that the fire had destroyed the western wing of the palace.",
            "Reporters said that the fire had destroyed the eastern wing of the palace.",
            "He told reporters that the fire had not destroyed the eastern wing.",
        ),
        "Viktor Salo is the minister of culture.",
    ),
    Told(
        "Its population grew from 800 in 1900 to 9,600 in 1950.",
        (
            "Its population grew from 800 in 1900 to 9600 in 1950.",
            "Its population grew to 9,600 in 1950.",
        ),
        (
            "Its population grew from 9,600 in 1900 to 800 in 1950.",
            "Its population shrank from 800 in 1900 to 900 in 1950.",
            "Its population did not grow from 800 in 1900 to 9,600 in 1950.",
        ),
    ),
    Told(
        "Farmers in Upper Teal grow rice, but hardly any wheat is grown there.",
        ("Farmers in Upper Teal grow rice.", "Hardly any wheat is grown there."),
        ("Wheat is grown there.", "Farmers in Upper Teal do not grow rice."),
    ),
    Told(
        "The museum opened in 2004 and has been visited by more than 5 million people.",
        (
            "The museum opened in 2004.",
            "More than five million people have visited the museum.",
            "The museum has been visited by over 5 million people.",
        ),
        (
            "The museum closed in 2004.",
            "Fewer than 5 million people have visited the museum.",
            "The museum has been visited by 5 million people.",
            "The museum will open in 2004.",
        ),
    ),
    Told(
        "Senator Ruth Calloway supported the bill, whereas Senator Dean Aldous opposed it.",
        (
            "Senator Ruth Calloway supported the bill.",
            "The bill was supported by Senator Ruth Calloway.",
            "Senator Dean Aldous opposed it.",
        ),
        (
            "Senator Ruth Calloway opposed the bill.",
            "Senator Dean Aldous supported the bill.",
            "The bill was supported by Senator Dean Aldous.",
        ),
    ),
    Told(
        "The signal was not received until 7 July 1969.",
        ("The signal was not received until July 7, 1969.",),
        ("The signal was not received.", "The signal was not received on 7 July 1969."),
    ),
    Told(
        "The drug is unlikely to help patients over 60, the authors wrote.",
        (
            "The drug is unlikely to help patients over 60, according to the authors.",
            "The authors wrote that the drug is unlikely to help patients over 60.",
        ),
        (
            "The drug is likely to help patients over 60, the authors wrote.",
            "The drug is unlikely to help patients over 60.",
            "The drug helps patients over 60, the authors wrote.",
            "The patients wrote that the drug is unlikely to help.",
        ),
    ),
    Told(
        "Two thirds of the fleet of Admiral Soren Vale sank in the storm of 1703.",
        (
            "Two-thirds of the fleet of Admiral Soren Vale sank in the storm of 1703.",
            "In the storm of 1703, two thirds of the fleet sank.",
        ),
        (
            "The whole fleet of Admiral Soren Vale sank in the storm of 1703.",
            "One third of the fleet sank in the storm of 1703.",
            "Two thirds of the fleet did not sink.",
        ),
    ),
    Told(
        "The treaty was signed in Lisbon in May 1668 and ended a war of 28 years.",
        (
            "The treaty was signed in Lisbon in May 1668.",
            "The treaty ended a war of 28 years.",
            "The treaty, signed in Lisbon, ended a war of 28 years.",
        ),
        (
            "The treaty was signed in Lisbon in March 1668.",
            "The treaty began a war of 28 years.",
            "The treaty ended a war of 28 months.",
        ),
    ),
    Told(
        "Prosecutors allege that Felix Marchetti stole 14 paintings from the Dorn gallery.",
        (
            "Prosecutors allege that Felix Marchetti stole 14 paintings.",
            "Felix Marchetti allegedly stole fourteen paintings from the Dorn gallery.",
            "According to prosecutors, Felix Marchetti stole 14 paintings.",
        ),
        (
            "Felix Marchetti stole 14 paintings from the Dorn gallery.",
            "Felix Marchetti said that prosecutors stole 14 paintings.",
            "Prosecutors showed that Felix Marchetti stole 14 paintings.",
            "Prosecutors deny that Felix Marchetti stole 14 paintings.",
        ),
    ),
    Told(
        "The comet can be seen from Earth every 76 years.",
        ("Every 76 years the comet can be seen from Earth.", "The comet can be seen from Earth."),
        (
            "The comet cannot be seen from Earth.",
            "The comet can only be seen from Earth every 76 years.",
            "The comet can be seen from Earth every 76 days.",
        ),
    ),
    Told(
        "Wages must be paid by the fifth day of each month under the Kell Code.",
        (
            "Under the Kell Code, wages must be paid by the 5th day of each month.",
            "Wages must be paid by the fifth day of each month.",
        ),
        (
            "Wages are paid by the fifth day of each month under the Kell Code.",
            "Wages must be paid by the sixth day of each month.",
            "Wages must not be paid by the fifth day of each month.",
        ),
    ),
    Told(
        "Nobody survived when the airship Meridian crashed near Toller in 1931.",
        (
            "The airship Meridian crashed near Toller in 1931.",
            "Nobody survived when the airship crashed.",
            "In 1931 the airship Meridian crashed near Toller.",
        ),
        (
            "Everybody survived when the airship Meridian crashed near Toller in 1931.",
            "The airship Meridian survived.",
            "Some survived when the airship Meridian crashed.",
        ),
    ),
    Told(
        "The bakers, the smiths and the weavers lost their privileges in 1790.",
        (
            "The weavers lost their privileges in 1790.",
            "The bakers lost their privileges in 1790.",
        ),
        (
            "The weavers won their privileges in 1790.",
            "The weavers did not lose their privileges.",
            "The weavers lost all their privileges in 1790.",
        ),
    ),
    Told(
        "Lake Orim covers 1,240 square kilometres and is nearly 90 metres deep.",
        (
            "Lake Orim covers 1240 square kilometres.",
            "Lake Orim is nearly 90 metres deep.",
            "Lake Orim covers 1,240 square kilometers.",
        ),
        (
            "Lake Orim covers 1,240 square miles.",
            "Lake Orim is 90 metres deep.",
            "Lake Orim is nearly 90 kilometres deep.",
            "Lake Orim covers 90 square kilometres.",
        ),
    ),
    Told(
        "After the revolt, King Oswin exiled Duke Harl, and the duke fled to Brenn.",
        (
            "King Oswin exiled Duke Harl.",
            "Duke Harl was exiled by King Oswin after the revolt.",
            "The duke fled to Brenn.",
        ),
        (
            "Duke Harl exiled King Oswin.",
            "King Oswin was exiled by Duke Harl.",
            "The duke fled from Brenn.",
            "Before the revolt, King Oswin exiled Duke Harl.",
        ),
    ),
    Told(
        "The witness claimed she saw Leo Danner leave the bank with a red bag.",
        (
            "The witness claimed she saw Leo Danner leave the bank.",
            "The witness said she saw Leo Danner leave the bank with a red bag.",
        ),
        (
            "She saw Leo Danner leave the bank.",
            "Leo Danner claimed she saw the witness leave the bank.",
            "The witness claimed she saw Leo Danner enter the bank with a red bag.",
        ),
    ),
    Told(
        "The plant employs 350 workers, fewer than the 900 of 1975.",
        ("The plant employs 350 workers.", "The plant employs three hundred and fifty workers."),
        (
            "The plant employs 900 workers.",
            "The plant employs all 350 workers.",
            "The plant does not employ 350 workers.",
        ),
    ),
    Told(
        "The ministry has not published the list of firms that import asbestos.",
        (
            "The ministry hasn't published the list of firms that import asbestos.",
            "The list of firms that import asbestos has not been published by the ministry.",
        ),
        (
            "The ministry has published the list of firms that import asbestos.",
            "The ministry has not published the list of firms that export asbestos.",
            "The list of firms has been published.",
        ),
    ),
    Told(
        "Engineers from Sato and Weller designed the tunnel; Weller alone paid for it.",
        (
            "Engineers from Sato and Weller designed the tunnel.",
            "The tunnel was designed by engineers from Sato and Weller.",
            "Weller alone paid for it.",
        ),
        ("Sato alone paid for it.", "Engineers designed all the tunnel."),
    ),
    Told(
        "The play was written by Ines Torrado, translated by Karl Munk and staged in 1926.",
        (
            "The play was written by Ines Torrado.",
            "Ines Torrado wrote the play.",
            "The play was staged in 1926.",
        ),
        (
            "The play was written by Karl Munk.",
            "Karl Munk wrote the play.",
            "The play was never staged.",
        ),
    ),
    Told(
        "In 2019 the airline announced that it would cancel its flights to Kirov.",
        (
            "In 2019 the airline announced it would cancel its flights to Kirov.",
            "The airline announced that it would cancel its flights to Kirov.",
            "The airline said in 2019 that it would cancel its flights to Kirov.",
        ),
        (
            "In 2019 the airline cancelled its flights to Kirov.",
            "The airline announced that it would not cancel its flights to Kirov.",
            "The airline announced that it cancelled its flights to Kirov.",
        ),
    ),
    Told(
        "The oldest oak of the park is 612 years old, the warden Mr. Peake estimates.",
        (
            "The oldest oak of the park is 612 years old, Mr. Peake estimates.",
            "Mr. Peake estimates that the oldest oak of the park is 612 years old.",
        ),
        (
            "The oldest oak of the park is 612 years old.",
            "The youngest oak of the park is 612 years old, Mr. Peake estimates.",
            "The oldest oak of the park is 612 months old, Mr. Peake estimates.",
        ),
    ),
    Told(
        "Storms destroyed the pier twice, and it was not rebuilt after 1987.",
        (
            "The pier was destroyed twice by storms.",
            "It was not rebuilt after 1987.",
            "Storms destroyed the pier twice.",
        ),
        (
            "Storms did not destroy the pier.",
            "It was rebuilt after 1987.",
            "It was not rebuilt before 1987.",
            "The pier destroyed storms twice.",
        ),
    ),
    Told(
        "The virus seems to spread through water, and doctors in Lomé have seen 31 cases.",
        (
            "The virus appears to spread through water.",
            "Doctors in Lome have seen 31 cases.",
            "Doctors in Lomé have seen thirty-one cases.",
        ),
        (
            "The virus spreads through water.",
            "The virus does not seem to spread through water.",
            "Doctors in Lomé have seen all 31 cases.",
        ),
    ),
    Told(
        "The new law allows hunters to shoot wolves between 1 and 15 November.",
        (
            "Under the new law hunters are allowed to shoot wolves between 1 and 15 November.",
            "The new law allows hunters to shoot wolves in November.",
        ),
        (
            "The new law forbids hunters to shoot wolves.",
            "The new law allows wolves to shoot hunters.",
            "The new law allows hunters to shoot wolves between 1 and 25 November.",
        ),
    ),
    Told(
        "Tessaly Bank lent $40 million to Omnicrest in 1997 and never got it back.",
        (
            "Tessaly Bank lent $40 million to Omnicrest in 1997.",
            "In 1997, Tessaly Bank lent Omnicrest 40 million dollars.",
        ),
        (
            "Omnicrest lent $40 million to Tessaly Bank in 1997.",
            "Tessaly Bank lent $40 billion to Omnicrest in 1997.",
            "Tessaly Bank got it back.",
            "Tessaly Bank never lent $40 million to Omnicrest.",
        ),
    ),
    Told(
        "The old harbour was dug in the 1680s by prisoners from the fort.",
        (
            "The old harbour was dug by prisoners from the fort.",
            "Prisoners from the fort dug the old harbour in the 1680s.",
        ),
        (
            "The new harbour was dug in the 1680s.",
            "The old harbour was dug in the 1690s.",
            "The old harbour was dug only by prisoners from the fort.",
            "The old harbour was dug in 1680.",
        ),
    ),
)
# Written when the rules stood; of what they showed at first see `test_agree.py`.
FRESH = (
    Told(
        "The Brindle Canal links Arden with the sea and was opened by Lord Tolland in 1794.",
        (
            "The Brindle Canal links Arden with the sea.",
            "Lord Tolland opened the Brindle Canal in 1794.",
            "The canal was opened in 1794 by Lord Tolland.",
        ),
        (
            "The Brindle Canal was closed by Lord Tolland in 1794.",
            "Arden was opened by Lord Tolland in 1794.",
            "The Brindle Canal opened Lord Tolland in 1794.",
            "The Brindle Canal was first opened by Lord Tolland in 1794.",
        ),
    ),
    Told(
        "Police believe the fire at Cobham Hall started in the kitchen, but no cause was found.",
        (
            "Police believe the fire at Cobham Hall started in the kitchen.",
            "No cause was found.",
            "According to police, the fire started in the kitchen.",
        ),
        (
            "The fire at Cobham Hall started in the kitchen.",
            "A cause was found.",
            "Police found the cause of the fire.",
            "Police do not believe the fire started in the kitchen.",
        ),
    ),
    Told(
        "Nine of the twelve judges found that the tax was not legal, the Herald reported.",
        (
            "Nine of the 12 judges found that the tax was not legal, the Herald reported.",
            "The Herald reported that nine of the twelve judges found that the tax was not legal.",
        ),
        (
            "All twelve judges found that the tax was not legal, the Herald reported.",
            "Nine of the twelve judges found that the tax was legal, the Herald reported.",
            "Nine of the twelve judges found that the tax was illegal, the mayor reported.",
            "The tax was not legal.",
        ),
    ),
    Told(
        "Mira Solberg, who lost the 2002 election, won the 2006 election by 411 votes.",
        (
            "Mira Solberg won the 2006 election by 411 votes.",
            "Mira Solberg lost the 2002 election.",
            "The 2006 election was won by Mira Solberg.",
        ),
        (
            "Mira Solberg won the 2002 election.",
            "Mira Solberg lost the 2006 election by 411 votes.",
            "Mira Solberg did not win the 2006 election.",
            "Mira Solberg won the 2006 election by 411 seats.",
        ),
    ),
    Told(
        "The firm hopes to sell 3,000 pumps a year and could hire up to 80 workers by 2029.",
        (
            "The firm hopes to sell 3000 pumps a year.",
            "The firm could hire up to 80 workers by 2029.",
            "By 2029 the firm might hire up to 80 workers.",
        ),
        (
            "The firm sells 3,000 pumps a year.",
            "The firm hired up to 80 workers by 2029.",
            "The firm could hire 80 workers by 2029.",
            "The firm hopes to buy 3,000 pumps a year.",
            "The firm hopes to sell 80 pumps a year.",
        ),
    ),
    Told(
        "Helsted beat Morvik 3 to 1 on 9 June 1974, and Morvik never played in Europe again.",
        (
            "Helsted beat Morvik on June 9, 1974.",
            "Morvik was beaten by Helsted 3 to 1.",
            "Morvik never played in Europe again.",
        ),
        (
            "Morvik beat Helsted 3 to 1 on 9 June 1974.",
            "Helsted never played in Europe again.",
            "Morvik played in Europe again.",
            "Helsted was beaten by Morvik.",
        ),
    ),
    Told(
        "No child under 14 may work in the quarry unless a doctor agrees.",
        ("No child under 14 may work in the quarry unless a doctor agrees",),
        (
            "Children under 14 may work in the quarry.",
            "No child under 14 may work in the quarry.",
            "No child under 40 may work in the quarry unless a doctor agrees.",
        ),
    ),
    Told(
        "The bishop ordered the abbot to leave Thorne, yet the abbot stayed until his death.",
        (
            "The bishop ordered the abbot to leave Thorne.",
            "The abbot was ordered by the bishop to leave Thorne.",
            "The abbot stayed until his death.",
        ),
        (
            "The abbot ordered the bishop to leave Thorne.",
            "The abbot left Thorne.",
            "The bishop stayed until his death.",
            "The abbot did not stay until his death.",
        ),
    ),
    Told(
        "Sales of the Comet 4 car doubled to 18,500 in 1962, then fell for ten years.",
        (
            "Sales of the Comet 4 car doubled to 18,500 in 1962.",
            "In 1962 sales of the Comet 4 doubled.",
            "Sales then fell for 10 years.",
        ),
        (
            "Sales of the Comet 4 car fell in 1962.",
            "Sales of the Comet 5 car doubled to 18,500 in 1962.",
            "Sales of the Comet 4 car halved to 18,500 in 1962.",
            "Sales then rose for ten years.",
        ),
    ),
    Told(
        "In her diary, Agnes Pole writes that she met the king twice and did not like him.",
        (
            "Agnes Pole writes that she met the king twice.",
            "In her diary, Agnes Pole writes that she did not like the king.",
        ),
        (
            "She met the king twice.",
            "Agnes Pole liked the king.",
            "Agnes Pole writes that she met the king twice and liked him.",
            "The king writes that he met Agnes Pole twice.",
        ),
    ),
)

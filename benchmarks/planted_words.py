"""Words that benchmarks/planted_pairs.py puts in the place of others."""

from __future__ import annotations

# One word or phrase for another that a reader takes for the same in a description of a person.
SYNONYMS = dict(
    line.strip().split(" = ")
    for line in """
    passionate about = enthusiastic about
    experienced = seasoned
    skilled = proficient
    elderly = old
    teenager = adolescent
    kids = children
    children = kids
    physician = doctor
    doctor = physician
    attorney = lawyer
    lawyer = attorney
    movie = film
    film = movie
    company = firm
    helps = assists
    assists = helps
    provides = offers
    offers = provides
    providing = offering
    offering = providing
    wants to = wishes to
    wanting to = wishing to
    enjoys = likes
    loves = adores
    concerned about = worried about
    curious about = inquisitive about
    famous = well-known
    renowned = celebrated
    dedicated to = devoted to
    committed to = dedicated to
    unique = one-of-a-kind
    innovative = inventive
    advice = counsel
    interested in = keen on
    fan of = admirer of
    colleague = co-worker
    mom = mother
    mother = mum
    dad = father
    father = dad
    entrepreneur = business founder
    writer = author
    author = writer
    journalist = reporter
    reporter = journalist
    car = automobile
    shop = store
    young = youthful
    often = frequently
    frequently = often
    various = diverse
    important = significant
    difficult = hard
    challenging = demanding
    purchase = buy
    buy = purchase
    create = make
    creates = makes
    creating = making
    enhance = improve
    build = construct
    starting = beginning
    recently = lately
    constantly = always
    always = constantly
    deeply = profoundly
    beautiful = lovely
    stories = tales
    tips = hints
    latest = newest
    traditional = time-honoured
    area = region
    region = area
    expert = specialist
    specialist = expert
    expertise = know-how
    assistance = help
    highly = very
    very = extremely
    avid = keen
    enthusiast = devotee
    seeking = looking for
    looking for = in search of
    specializing in = who specialises in
    responsible for = in charge of
    who works as = who is employed as
    aspiring = would-be
    strives to = tries to
    struggling with = having trouble with
    struggles with = has trouble with
    using = making use of
    numerous = many
    many = numerous
    collaborates with = works together with
    frustrated with = annoyed by
    relies on = depends on
    researching = investigating
    appreciates = values
    """.strip().splitlines()
)

# One word for another of its line makes another person: another trade, subject, place, age, instrument.
SIBLINGS = [
    line.split()
    for line in """
    nurse plumber carpenter baker teacher lawyer pilot journalist chemist farmer chef photographer
    librarian accountant architect
    biology physics history law economics linguistics medicine philosophy psychology geology
    French Italian Japanese Brazilian Nigerian German Indian Chinese Spanish Canadian British Turkish
    London Paris Tokyo Madrid Chicago Lagos Toronto Berlin Boston Mumbai
    California Texas Florida Ohio Georgia Virginia
    Australia India Nigeria Canada Japan Brazil Germany France Spain Ireland Kenya Mexico
    football basketball tennis hockey soccer golf baseball rugby cricket
    guitar piano violin drums
    cats dogs horses sheep
    mother father grandmother uncle
    daughter son wife husband sister brother
    Python Java Ruby JavaScript PHP
    software hardware
    jazz rock pop classical folk
    wine coffee beer tea
    cancer diabetes asthma depression
    young elderly middle-aged
    novice veteran
    retired aspiring
    Republican Democratic Socialist
    American Norwegian Egyptian Korean
    """.strip().splitlines()
]

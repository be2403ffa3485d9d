"""Plain English words that are no names of services, beside those that english.py and words.py hold."""

# ruff: noqa: E501  tables and patterns read best a line each

from __future__ import annotations

from typing import Final

COMMON: Final = frozenset(
    """
    abandoned ability able above absence absent absolute abuse academic academy accept acceptance access accessible accompany accord accordance
    accountant accuracy accurate ache achieve acid acknowledge acknowledges acquire across act action active activity actor actual adapt adapted add
    addendum addition additional additionally additions address adjust adopted adult advance advantage adventure advertise advertising affair affect
    affiliates affirms afford afraid africa age agency agenda agent aggregate aggregated aggregation agree agreed agreement agreements agrees aim air
    aircraft airport album alcohol algebra algorithm algorithms align ally almond alphabet alterations altered alternate alternative although amended
    america amid among amongst amsterdam analogous analysis ancient android angel anger angle angry animal anniversary annotations announce annual
    ansible answer ant anxiety anybody anyone anyway anywhere apac apartment app apparatus apparent appeal appear apple applicable application apply
    appointment appropriate april architecture archive area argo argue argument arm army arrangement arrangements arrival arrive arrow art article
    artist artistic asia asking aspect assault assent assert asset assist associated associating assume astronaut astronomy athens atmosphere atom
    attach attack attempt attend attention attitude attract attribution audience august aunt australia authorship autumn average avoidance aware awful
    aws azure baby background backlog bacon bad bag bake baker balance ball ballet balloon banana bangkok bank bar barbecue barber barely bargain barn
    based basic basis basket bath bathtub battery battle beach bean bear beat beautiful beauty bed bedroom bee beef beer beginning behalf behaviour
    being belief believed believes bell belong below belt bend beneath beneficial benefit berlin besides bicycle big bike bill binary biology bird
    birth birthday bite bitter black blade blame blanket blind blink block blood blouse blue board boat body boil boilerplate bomb bone bonus book
    boot border boring born boss boston bottle bowl box boy bracelet brackets brain brake brand brave breach bread break breakfast breath breathe
    brevity brick bridge brief bright brilliant britain broadcast broadcasts brother brown browser brush brussels budapest bug bull bullet bundled
    burger bus bush business butcher butter button buy buyer byte bytes cabbage cairo cake calf california calm camera camp campaign canada
    cancellation cancer candidate candle cannon cannot canoe cap capable capacity captain capture car career carnival carpenter carpet carrot carry
    cartoon cash cashier castle cat cathedral cattle cause cave ceiling celebrate celebration cello center central centre century ceo cereal ceremony
    cfo chair chairs chalk challenge champion champions chapel chapter character charity cheese chef chemical chemistry cherry chess chew chicago
    chicken chief child children china chocolate choice choir chosen christmas chrome church cigarette cinema circle circus citizen city civil claim
    clap clarify clarity class classic classroom clauses clean cleaner clearance clearly clerk click client cliff climate climb clinic clock closed
    closely clothes cloud cloudflare club coach coal coat cocoa coconut coffee cold collapse collar colleague colleagues collect collective
    collectively college color colour column comb combination combinations combined combines combining comet comfort comic commence comment commercial
    commission commit committee commodities commonly commons communicate community company comparison compass compatible compensation competent
    competition compilation compile compiler complain complaint completeness complex compliance complicated complies comply component composition
    compressed compression compulsory concentrate concept concern concert conclusion concrete condition conduct confer conference confidence configure
    confirm conflict confused confusion congress connect conscious consequence conservation consideration considered consistency consistent consisting
    consists constantly constitute constitutes construct construction construed consult consultant consumer contact contain content contents contest
    context continue contract contracts contribute contributed contributes contributing contribution contributor contributors control controlled
    controlling convenient conversation conversion conversions convert convey conveyed cook cookie cookies cooking cool copenhagen copy copyright
    copyrighted copyrights corn corner corporate corporation correct correctness cottage cotton couch cough countryside courage court cousin cow crab
    crawl crayon cream create creative creator creature credit crew crime criminal crisis critic criticism crop cross crowd crucial cruel cry cto
    cucumber culture cup cupboard cure curious currency current curtain curve curved custom customers cycle dad daily dallas damage dance dangerous
    dark databases datadog dated daughter dawn day days deadline deadlines dealings death debate debt debugging decade december decent deck declare
    decrease dedicated deem deemed deep deer default defaults defeat defects defence defend define definite definition defunct degree delay delays
    delete deleted deletion deliberate delight delivery demand demands demo democracy denver department departure depend dependencies dependency
    depicted deprecated depth derivative derivatives describe described describes describing description descriptive desert deserve designate designer
    desirable desire desk despair despite destination destroy detail determines determining detriment devil devops diagram diamond diary dictionary
    diet difference digital dinner diploma direct direction directive director directory dirt dirty disable disagree disappear disaster discipline
    disclaimer disclosed discount discover discovery discuss discussion disease dish dismiss dispute disrupt distance distant distort distribute
    distribution distributor distributors district dive docker doctor document documents dog doll dollar domain domestic dominate donor dot double
    download downstairs downtown dozen draft dragon drama dramatic drawer dream dress drink drive driver drug drum dry dublin duck duckling due dull
    duplicate duplicated duplication dust duty dwarf dynamic eager ear earlier early earn earring earth easier east easter eat economic economics
    economy edge edition editor editorial education effect effective efficiency efficient efforts egg egypt elastic elect election electric
    electrician electricity electronic element elephant elite elsewhere embarrass embed emea emerge emergency emotion emphasis empire employee
    employees employer employment empty enabled enables encounter encourage encyclopedia end endorse endorsement enemy energy enforce enforced engage
    engine engineer engineering engineers england english enjoy enjoyment enormous ensure entertainment enthusiasm entirely entirety entities entitled
    entity entry envelope environment envoy epic epics equipment equitable equivalent era eraser escape especially essay essence essential establish
    estate estimate estimated etc ethics eu europe european event events eventually ever everyday everyone everywhere evidence evil evolution exam
    examination examine example examples excellent excess exchange excite excitement exclude exclusion exclusive exclusively executable executive
    exercise exhibit exist existence expand expansion expectation expedition expense experience experiment expert explain explanation explicit
    explicitly exploit explore explosion export express expression extend extension extensive extent external extract extraction extreme eye eyes
    fabric face facility fact factor factory factual faculty fails failure fairness fairy faith fall fame familiar family famous fan fancy fantasy far
    farm farmer fashion fast fat fate father fault fear feast feather february federal fee feedback feel fees female fence ferry festival fever
    fiction fields fifty fight figure figures film finance financial finger finish firefox fireman firm firms fish fit fitness fix flag flame flash
    flat flavour fleet flesh flight flood floor flour flower fluid flute fly focus fog folklore fonts food fool foot football forbid force forecast
    foregoing foreign forest forever fork formal format formed formerly forms formula fortune forum foundation fox frame framework france france's
    frankfurt freedom freely frequency fresh freshman friday fridge friendly friends friendship frog fruit frustration fuel full fullest fun function
    fund funding funeral funny furniture furthermore galaxy gallery gap garage garbage garden garlic gas gasoline gather gcp gear gender gene general
    generation generic generous genetic genius gentle gentleman geography geology geometry germany gesture ghost giant gift gin girl github gitlab
    glacier glance glass global glory glove goal goals goat god golang gold golden golf good goods goodwill google goose gossip govern governed
    governing government governor grab grade gradual graduate grafana grain grammar grand grandfather grandmother graph grass grateful grave gravity
    greater greatest greece green grenade grey grief grocery gross growth guarantee guard guidance guide guidelines guilt guilty guitar gun gym habit
    hair hall ham hammer happiness happy harbour harm harvest hat hazard head headache headmaster headquarters health hear heat heaven heavy height
    helicopter helm helmet helsinki hen hence hereafter hereby herein hero herself hesitate hill himself hint hire historic history hit hobby hockey
    holders holiday holidays holy homepage honest honey honor honour horizon horn horror horse hospital hostile hot hotel household housing however hr
    hum human humans humble humour hunger hungry hunt hurry hurt husband ice icon identical identify identifying identity ignore ill illegal illness
    illustrate illustration image images imagination imagine immediate immigrant impact implement implication implicitly imply impose imposed
    impossible impress impression improve inability inch include inclusion income incompatible incorporate incorporated incorporates incurred indeed
    independent index india indicate indication indirect indirectly individual individuals industry ineffective infant influence inform information
    informed infringe infringed infringement ingredient initial initiative injury ink inner innocent innovation input inquiry insect insert inside
    insight inspire install installation instance instead instinct institute institution instruction instructions instrument insurance intact integer
    integrated integrity intellectual intelligence intense interactive interest interesting interface interfaces interfere interior intermediate
    intern internal international internet interpret intervals interview introduce introduction invalid invasion invention invest investment investor
    invitation invoice involved ios iphone ireland iron irony irrevocable island isolate istio italy item items itself jacket jaeger jam january japan
    jar java jazz jean jeans jelly jenkins jewel job joint joke journal journalist journey joy judge judgment judicial juice july jump june junior
    jurisdiction jury justice justify kanban kernel kettle keyboard kibana kick kid kids kill kind king kingdom kiss kitchen kite kitten knee kneel
    knife knight knock knowledge kubernetes lab label laboratory labour lack ladder lady lagos lake lamb lamp landscape language languages larger late
    later latest laugh launch laundry law lawn lawsuit lawyer layout lazy leader leaders leadership league learn learning least leather lecture left
    legacy legal legend lemon lemonade length lesson lessons lettuce liability liable liberal liberty librarian library licence licensable license
    lick lid lie lift light lighthouse likely likeness limitation limitations linguistic linked linking linux lion lip liquid lisbon list listen
    listener listening literary literature litigation living local logo loki london lonely long look loud lounge lovely lover luck lucky luggage lung
    luxury machine machines macro mad madrid magazine magic magnet maintain maintenance majority male malfunction mall man managed management manager
    managers manner manual manufacturer map margin marine mark market marketing markets marriage married material materials math mathematics maximum
    mayor meadow meal meaning meanwhile measure measurement measures meat mechanic mechanism medal media medical medicine medium melody melon memo
    mental mention menu merchant mercy mere merely merit message met metadata metal metaphor method methods metrics mexico miami microscope midday
    middle midnight military milk mill mind minds mineral minimal minimum minister minor minority miracle mirror misery misleading mission mistake
    mistakes mix mixture mobile model models modern modest modification modify modules mom momentum monastery monday monkey monster monthly mood moon
    moral moreover mortgage mosque most mother motion motivation motor motorcycle mountain mouse movement mud muffin mug multiple mumbai murder muscle
    museum mushroom musical musician mutual mutually myself mystery myth nairobi naked napkin narrow nation national native nature navy near neat
    necessarily necessary neck necklace needle negligence negligent negotiate neighboring neighbour neither nephew nerve network networks nevertheless
    newcomer newcomers news newspaper nginx niece nobody nod node none noodle nor normally north nose note notebook notes notices notion novel
    november now nowhere nuclear numbered nurse nut obey object objective obligated obligation observe obstacle obtain obtained obtaining obvious
    occasion occasions occupation occur ocean october odd offence offer offers officer officers official oil older omit omitted omitting oncall once
    onion online onto open opera operated opinion opponent opportunity oppose opposite opposition ops opsgenie optional orange orbit orchard orchestra
    ordinary oregon organ organic organization organize orientation origin original oslo otherwise ourselves outcome output outside outstanding oven
    overall overnight overview own owner ownership owns oxygen pace package packages packaging pagerduty pages paint painter painting pair palace palm
    pan pancake pandemic pants parade paragraph paragraphs parallel parameter parameters parcel parent parents paris park parking parliament partial
    participant particular parties partner partners partnership party passage passenger passengers passion password pasta patent patents patience
    patient patients pattern patterns pause payment pea peace peach peak peanut pear peasant pedal peer pen penalty pencil pension pepper percent
    perfect perform performance perhaps period periods permanent permissible permit permitted perpetual persistent personal personality persons
    perspective pertain pertaining phase phenomenon philosophy photo photography photos phrase physical physics piano picnic pictures pig pillow pilot
    pink pirate pitch pity pizza placed places placing plainly planet planning plant plastic plate platform platforms player players pleasant pleasure
    plenty plot plugin plum plumber pocket poem poet poetry poison poland police policeman policies policy political politician politics pollution
    pond pony pool poor popular population portability portion portions position positive possession possibility possibly postcard postman pot potato
    potential pound poverty powder powerful practicable practical practice prague praise prayer precious precise predict prefer preferred prefix
    pregnant premium presence presentation preserve president press pressure presumably presumption pretend prevailing pride priest primary prince
    princess principal principle principles print prior priority prison prisoner privacy private prize procedure proceed process profession
    professional professor profile profit program programme prohibited prohibits project projects prometheus prominent promise promotional prompt
    proof propagate proper property proposal propose proprietary prosecution prospect protect protein protest protocol protocols prototypes proud
    proverb provide provided provides providing province psychology pub public publication publicity publish pudding pump pumpkin punch punishment
    pupil puppy purchase pure purple purpose pursuant pursue puzzle python qualification quality quarter queen quest queue quiet quote rabbit race
    rail railway rainbow raise random range rapid rarely raspberry rat ratio raw razor reaction reader readers reading realise reality reasonable
    reasonably rebel receipt receive reception recession recipient recipients recognise recognition recommend record recordings records recover
    recovery recruit red redistribute refer referee reference reflect reform refrigerator refugee regard regime region regions register regret
    regulation reject relationship relatives relax relevant reliability reliably relief religion reluctant rely remain remainder remark remarkable
    remedy remove rename renamed rent repair repeat replace report reporting repository represent representative reproduce reputation request require
    requirement rescue resemble reserve residence resign resist resolution resource resources respect respective responsibility responsible restaurant
    restore restrict restriction restrictions restrictive result retail retailers retain retire retirement retro retrospective reveal revenue reverse
    review reviews revise revised revisions revoked revolution reward rhyme rhythm rice rich riddle rifle right rights ring risks river roadmap rob
    robot rock rocket romance rome roof root rope rose rough round route routine royal royalties royalty rubber rubbish rugby ruler rum rumour run
    runtime rural rush russia sad safari sail sailor salad salary sale sales sample sand sandal sandwich satellite satisfaction satisfy saturday sauce
    sausage scale scandal scarf scene schedule scheme scholar scholarship school science sciences scientific scientist scissors scooter score scream
    screen screens script scrum sculpture sea search season seasons seattle secondary secret secretary section sector secure security seed select
    selection senator senior sensible sensitive sentence sentry separable separately september sequence series session settle settlement severe sex
    shadow shake shallow shame shape shareholder shareholders shark sharp sheep sheet shelf shelter shield shine ship shirt shock shoe shoes shoot
    shop shoppers shopping shore short shorts shoulder shout shower shut shy sick sigh sight signal signature significant silence silk silver similar
    simplicity simply sing singapore singer sink sister situation skeleton skin skirt sky slack slave sleep sleeve slice slide slides slightly slipper
    slogan slope slow small smell smile smooth snack snake snapshot sneeze soap soccer social society sock sofa software soil sold soldier sole solid
    solution solutions solve somebody someone somewhat somewhere son sophisticated sorrow sought soul soup source south southern spain spare speaker
    spear species specific specified specifies specify spectrum speech speed spell sphere spider spirit spite split sponsor sponsorship spoon sport
    sports spouse spread spring springs sprint sprints squad square sre sres stable stadium staff stage stair stake stakeholder stakeholders stamp
    standalone standard standards standup stare start starving statements static station stations statistics statue status statutory steady steak
    steal steel steering stew stimulate stockholm stomach stone storage store storm stove straight strain stranger strangers strategic strategy
    strawberry stream street strength stress stretch strict strike string strip stroke strong structure struggle student students studio study stupid
    style subclass subject sublicense submit submitted subsequent substance substantial substitute subway succeed success successor successors
    sufficient sufficiently sugar suggest suicide suit suitability suitable suitcase suits sum summer summit sun sunday sunlight sunset superior
    supermarket supersede supper supplier suppliers supply supported supporting supports suppose sure surface surgeon surgery surplus surprised
    surrender surrounding survey survival survive suspect suspicion swallow swamp swear sweater sweden swim swimming swing switzerland sword sydney
    symbol sympathy symptom sync syntax system tables tablet tail tailor talent tall tank tap target taste tax taxi tea teacher teachers teaching
    teams tear technical technique technology teenager telephone telescope television temperature template temple tempo temporary tennis tension
    terminology terms terraform territory terror testing textbook textual thank theatre themselves theory therapy therefore thereof thermometer thick
    thief thin thinking thirty thought thousand thread threat threaten throat throughout thumb thunder thursday thus tide tie tiger tight timely title
    toilet tokyo toll tomato tone tongue tonight toolkit tools tooth toothbrush topic topics toronto torture touch tour tourism tourist tournament
    toward towards towel tower town toy trademark trademarks tradition traditional traffic tragedy train trainer trait tram transfer transferable
    transit transition translate translated translator transmit transport travel tray treasure treatment treaty trench trend trends trial tribe
    tribute trigger triumph troop tropical trousers truce truck true trumpet trust truth tube tuesday tune tunnel turkey tutor twelve twin twins twist
    typed types typical typing tyre ugly uk ultimate umbrella unaffected uncle uncomfortable undergo underground underneath unfair uniform union
    unique universe university unknown unlike unlikely unlimited unspecified update upon upper upset upstairs urban urge urgent us usa usage user
    usual utilities utility vacation vacuum valid valley valuable value values van variable variant variation variety various vast vegetable
    vegetables vehicle vehicles venture verbal verbatim verse version victim victims victory video videos vienna vietnam village villain violate
    violated violation violence violin virginia virtual virtue virus visible vision visitor visitors visual vital vitamin vocabulary vodka volcano
    volume voluntary volunteer vote voter waffle wage waiter waitress waiver waives wake walk walnut war ward wardrobe warehouse warm warning
    warranties warranty warrior warsaw waste watch watches watchmaker wave weak weakness wealth weapon web website wedding wednesday weekdays weekends
    weep weight welcome welfare west western wet whale whatever whatsoever wheat wheel wherever whether whiskey whisper whistle white whoever wide
    widely wife wildlife willing win windows wine wing wink winner winter wireless wisdom wise wishes witch withdraw witness wizard wolf woman women
    wonderful wood wooden wool worker workers workforce workload workout workshop worldwide worm worth wound yacht yard yawn yellow yesterday yield
    yogurt young yourself youth zero zipper zoo zurich
    """.split()  # noqa: SIM905  a table of words
)


def is_plain(word: str) -> bool:
    """Whether it, or what it is a form of, is one of them."""
    return word in COMMON or any(
        word.endswith(end)
        and (word[: -len(end)] in COMMON or f"{word[: -len(end)]}e" in COMMON or f"{word[: -len(end)]}y" in COMMON)
        for end in ("s", "es", "ies", "ed", "ied", "ing", "er", "ers", "ly", "ness", "ally", "al", "ful", "less")
    )

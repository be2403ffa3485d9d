"""Plain English words that are no names of services, beside those that english.py and words.py hold."""

# ruff: noqa: E501  tables and patterns read best a line each

from __future__ import annotations

from typing import Final

COMMON: Final = frozenset(
    """
    ability able absence absent absolute abuse academy accept access accurate ache achieve acid acquire across act action active activity actor actual add address
    adjust adult advance advantage adventure affair affect afford afraid africa age agency agenda agent aim air aircraft airport album alcohol america analysis
    ancient anger angle angry animal announce annual answer anxiety apartment app apparent appeal appear apple application apply appointment april area argue argument arm army arrive arrival
    art article artist asia aspect assault asset assist assume atmosphere atom attach attack attempt attend attention attitude attract audience august aunt australia autumn average
    aware awful baby background bad bag bake balance ball banana bank bar barely bargain basic basis basket bath battery battle beach bear beat beautiful beauty bed bedroom beef
    beginning behalf being belief bell belong belt benefit berlin bicycle bike bill bird birth bite bitter blade blame blind block blood blue boat body boil bomb bone bonus book
    border boring born boss bottle bowl box boy brain brand brave bread break breakfast breath brick bridge brief brilliant britain brother brown browser brush bug bus bush business butter button buy buyer
    cake california camera camp campaign canada cancer candidate capable capacity captain capture career carry cash castle cat cattle cause ceiling celebrate celebration central centre century ceremony challenge
    champion champions chapter character charity cheese chef chemical chicken chief child children china chocolate christmas church cigarette cinema circle citizen city civil claim class classic classroom clearance
    client climate climb clinic clock clothes cloud club coach coal coat coffee collapse colleague colleagues collect college colour color column comfort commercial commission commit committee community company
    competition complain complaint complex complicated component compliance concentrate concept concern concert conclusion concrete condition conduct conference confidence confirm conflict confused confusion congress connect conscious
    consequence conservation consideration construct construction consultant consumer contact contain content contents contest continue control conversation convert cook cookie cookies cooking cool copy corner corporate cottage
    cotton cough countryside courage court cousin cow cream create creative creature credit crew crime criminal crisis critic criticism crop cross crowd crucial cry culture cup cure curious current currency curtain curve
    custom customers cycle dad daily damage dance dangerous daughter dawn day days deadline deadlines death debate debt decade december decent declare decrease deep deer defeat defence defend define definite definition
    degree delay delays delivery demand demands democracy demo department departure depend depth description desert deserve designer desire despair destination destroy detail diagram diamond diary dictionary diet difference digital dinner diploma direct
    direction director dirt dirty disagree disappear disaster discipline discount discover discovery discuss discussion disease dish dismiss dispute distance distant distribute district doctor document documents dog dollar domestic
    dominate donor double downtown dozen draft drama dragon dream dress drink drive driver drug dry duck due dust duty dynamic eager ear earn earth easter east eat economic economics economy edge edition editor education effect effective
    efficiency efficient egg egypt elect election electric electricity element elephant elite embarrass emerge emergency emotion emphasis empire employee employees employer employment encounter encourage enemy energy engage engine engineer
    engineering engineers england english enjoy enormous entertainment enthusiasm entry environment equipment era escape essay essence essential establish estate estimate estimated ethics europe european event events eventually everyday evidence evil evolution
    exam examination examine examples excellent excess exchange excite excitement executive exercise exhibit exist existence expand expansion expedition expense experience experiment expert explain explanation explore explosion export express expression
    extension extensive extent external extreme eye eyes fabric face facility factor factory faculty failure faith fame familiar family famous fan fancy fantasy farm farmer fashion fate father fault fear feast feather february feedback female
    fence festival fever fiction fight figure figures film financial finger finish firm firms fish fitness fix flag flame flash flavour fleet flesh flight flood floor flour flower fluid fly focus fog food fool foot football
    force forecast foreign forest forever formal format formula fortune forum foundation frame france france's freedom frequency fresh friday fridge friendly friends friendship fruit frustration fuel fun function fund funding funeral funny furniture
    gallery gap garage garbage garden gas gasoline gather gear gender gene generation generous genetic genius gentle gentleman germany gesture ghost giant gift girl glance glass global goal goals goat god gold golf goods google
    gossip government governor grab grade gradual graduate grain grammar grand grandfather grandmother graph grass grateful grave gravity greatest greece grief grocery gross growth guarantee guard guidance guide guilty guitar gun habit hair hall hammer
    happiness harbour harm harvest hat hazard head headache headquarters health heat heaven heavy height hero hesitate hill hint hire historic history hit hobby hockey holidays holy honest honey honour horizon horn horror horse hospital
    hostile hot hotel household housing human humans humour hunger hungry hunt hurry hurt husband ice icon identity ignore ill illegal illness illustrate image images imagination imagine immediate immigrant impact implement implication imply impossible
    impress impression improve inch income independent index india indicate indication individual individuals industry infant influence information ingredient initial initiative injury ink inner innocent innovation input inquiry insect
    insight inspire install instance instinct institute institution instruction instructions instrument insurance intellectual intelligence intense interest interesting interior internal international internet interpret interview intervals introduce introduction invasion
    invention invest investment investor invitation invoice iphone ireland iron irony island isolate italy item items jacket january japan jazz jean jewel job joint journal journalist journey joy judge judgment juice july june junior
    jury justice keyboard kick kid kids kill king kingdom kiss kitchen knee knife knock knowledge lab label labour lack ladder lady lake lamp landscape language languages later latest laugh launch laundry law lawn lawyer layout lazy leader
    leaders leadership league learn learning leather lecture legacy legend lemon length lesson lessons liability liberal liberty library licence license lid lift lion lip liquid list listener literature living local logo london lonely loud
    lounge lovely lover luck lucky luggage lung luxury machine machines mad magazine magic maintain maintenance majority male mall man management manager managers manner manual manufacturer margin marine mark market markets marriage married math mathematics
    maximum mayor meal meaning meanwhile measure measurement measures meat mechanic mechanism medal media medical medicine medium melody memo mental mention menu merchant mercy merit message metal metaphor method methods metrics mexico middle midday midnight military milk
    mill mind minds mineral minimum minister minor minority miracle mirror misery mission mistake mistakes mixture mobile model models modern modest mom momentum monday monkey monster monthly mood moon moral mortgage mother motion motivation motor mountain mouse
    movement mud multiple murder muscle museum musician mystery myth naked narrow nation national native nature navy neat necessary neck negotiate neighbour nephew nerve network networks news newspaper niece nose note notes notion novel november nowhere
    nuclear nurse nut object objective obligation observe obstacle obvious occasion occasions occupation occur ocean october odd offence offer offers officer officers official oil online onto opera opinion opponent opportunity oppose opposite opposition orange orbit
    orchestra ordinary organ organic organization organize orientation origin original outcome output outside oven overall overnight overview owner oxygen pace pages paint painter painting pair palace palm pandemic pants parent parents paris park parking parliament
    participant particular partner partners passage passenger passengers passion password patience patient patients pattern patterns pause payment peace peak peasant peer pen penalty pencil pension pepper percent perfect perform performance period periods permanent
    permit personal personality perspective phase phenomenon philosophy photo photos phrase physical physics piano pictures pilot pink pitch planet planning plant plastic plate platform platforms player players pleasant pleasure plenty plot pocket poet poetry poison
    poland police policies policy political politician politics pollution pool popular population position positive possession possibility potato potential pound poverty powder powerful practical practice praise prayer precious precise predict prefer pregnant
    premium presence presentation preserve president press pressure presumably pride priest primary prince princess principle principles print priority prison prisoner privacy private prize procedure proceed process profession professional professor profile profit programme
    prompt proof proper property proposal propose prosecution prospect protect protein protest proud province psychology pub public publication publicity publish pudding pump punch punishment pupil purchase pure purple purpose pursue puzzle
    qualification quality quarter queen quest queue quote rabbit race rail railway rainbow raise random range rapid rarely ratio raw razor reaction reader readers reality realise reasonable rebel receipt receive reception recession recognise recognition recommend
    record records recover recovery recruit red refer referee reflect reform refrigerator refugee regard regime region regions register regret regulation reject relationship relatives relax relevant reliability relief religion reluctant rely remain remark
    remarkable remedy remove rent repair repeat replace report reporting represent representative reputation request require requirement rescue resemble reserve residence resign resist resolution resource resources respect responsibility responsible restaurant
    restore restrict result retail retailers retire retirement reveal revenue reverse review reviews revolution reward rhythm rice rich ring river rob robot rock rocket romance rome roof root rope rose rough round route routine royal rubber rubbish rugby
    rural rush russia sad sail salad salary sand sandwich satellite satisfaction satisfy saturday sauce sausage scale scandal scene schedule scheme scholar scholarship school science sciences scientist score scream screen screens script sculpture sea search season seasons
    secondary secretary section sector secure security seed select senator senior sensible sensitive sentence september sequence series session settle settlement severe sex shadow shake shame shape shareholder shareholders shark sharp sheep sheet shelf shelter shine
    ship shirt shock shoe shoes shoot shop shoppers shopping shore shoulder shout shower shut shy sick sight signal signature significant silence silk silver similar simply singer sister situation skin skirt sky slave sleep slice slide slogan slope smell smile
    smooth snack snake soap soccer social society soil soldier sole solid solution solutions solve son sophisticated soul soup source southern spain spare speaker species specific spectrum speech speed spell sphere spider spirit spite split sponsor sport sports spouse
    spread spring springs square squad stable stadium staff stage stair stake stamp standard standards starving statistics statue status steady steak steal steel stomach stone storage store storm straight strain stranger strangers strategic strategy stream street strength
    stress stretch strict strike string strip stroke strong structure struggle student students studio study stupid style subject submit subsequent substance subway succeed success sugar suggest suicide suitcase suits sum summer summit sun sunday sunset sunlight
    superior supermarket supper supplier suppliers supply suppose surface surgeon surgery surplus surprised surrender surrounding survey survival survive suspect suspicion swear sweater sweden swim swimming swing switzerland symbol sympathy symptom system tablet tail
    talent tank tap target tax taxi tea teacher teachers teaching tear technical technique technology teenager telephone television temperature temple temporary tennis tension terms territory terror testing textbook thank theatre theory therapy thick thief thirty thought thousand thread threat
    threaten throat thumb thunder thursday tide tie tight title tokyo tone tongue tonight tooth topic topics torture tour tourism tourist tournament towel tower town toy tradition traditional traffic tragedy train trainer trait transfer transit transition transport travel treasure
    treatment treaty trend trends trial tribe tribute trigger triumph troop tropical truck true trust truth tube tuesday tune tunnel turkey tutor twelve twin twins twist typical ugly ultimate umbrella uncle uncomfortable underground undergo uniform union unique universe university
    unknown unlikely update upper upset urban urge urgent usage user usual vacation vacuum valid valley valuable value values van variable variation variety various vast vegetable vegetables vehicle vehicles venture version victim victims victory video videos vietnam village violence
    virtual virtue virus visible vision visitor visitors visual vital vitamin vocabulary volume volunteer vote voter wage wake war ward wardrobe warehouse warning warrior waste watches wave weakness wealth weapon web wedding wednesday weekdays weekends weight welcome welfare west
    western whale wheat wheel whisper wife wildlife willing win wine wing winner winter wisdom wise witness woman women wonderful wood wooden wool workers workforce workload workout workshop worldwide worth wound yard yellow yesterday yield young youth zero zoo
    contract contracts legal debugging example examples reference simplicity clarity brevity completeness consistency context comparison fairness instance now sure ever forever good general particular short long once least most start end thinking asking reading listening
    standup retro retrospective sprint sprints scrum kanban roadmap backlog epic epics stakeholder stakeholders steering board slide deck slides colleague manager boss ceo cto cfo intern newcomer newcomers marketing sales finance ops devops sre sres oncall hr
    kubernetes docker grafana prometheus loki tempo jaeger slack github gitlab jenkins terraform ansible helm linux windows android ios chrome firefox safari aws azure gcp cloudflare datadog pagerduty opsgenie sentry elastic kibana python java golang node nginx istio envoy argo
    europe us eu uk usa asia apac emea frankfurt dublin oregon virginia singapore sydney mumbai bangkok madrid lisbon vienna zurich amsterdam brussels stockholm oslo helsinki copenhagen warsaw prague budapest athens cairo lagos nairobi toronto boston chicago seattle dallas denver miami
    software modify copyright rights hereby provided associated redistribute limitation portions warranty prior sublicense restriction obtaining
    binary persons modification permitted substantial retain reproduce package program forms disclaimer met materials otherwise endorse contributors
    distribution fee advertising include notices applicable sale obtain based additional limitations agreed liable explicitly freely own agreement
    trademark derivative paragraph governing supporting provide project specified herein material thereof warranties provides domain restrictions
    patent pertaining dealings verbatim incorporated entity clearly addition cannot royalty trademarks prominent appropriate plainly infringement
    indirect described considered copyrighted constitutes perpetual recipients combination altered agree consistent suitability preferred irrevocable
    comment entities choice deemed explicit electronic authorship copyrights acceptance construed controlled directory unlimited attribution governed
    holders litigation ownership infringed obtained interface acknowledge equivalent incurred placed necessarily negligence outstanding merely fifty
    beneficial foregoing however additions interfaces assert whatever goodwill malfunction fields normally describing annotations pertain lawsuit
    inclusion places compatible entirely reasonably determining incorporate licensable packages syntax default agrees comply entirety identifying
    complies executable compilation accordance jurisdiction wherever sold recipient supersede amended parties invalid risks editorial portion
    contributed configure larger revisions inability accuracy easier managed fees extend tools conversions neighboring separable submitted statutory
    addendum verbal deliberate negligent entitled dedicated compile modules breach boilerplate brackets themselves exclusive waives paragraphs
    prohibited formed translate constitute acknowledges proprietary patents incompatible derivatives contribute contributing packaging repository
    successors whatsoever remainder specifies revised contributor runtime suitable translated identical compiler architecture efforts installation
    impose duplicated linked scientific successor agreements framework delete convey projects partnership supported metadata endorsement communicate
    combining govern hereafter artistic incorporates defects utilities partial fails align ensure contribution embed compensation infringe intact
    pursuant principal respective center adapted inform prohibits statements identify describe types dot owns optional databases exclusion providing
    algorithm likely alternate adapt arrangement revoked earlier specify creator rename bundled substitute consult distributors fit royalties imposed
    map supports correctness separately algorithms somewhere alternative avoidance duplicate advertise waiver propagate website aggregation
    dependencies collective designate dated voluntary insert possibly byte combined omitting aggregate equitable skeleton transmit placing omit
    enforce greater variant chosen linking apparatus accord kernel mere directive combinations omitted generic indirectly additionally affirms
    enjoyment everyone arrangements compression archive exclude unlike parameters persistent federal promotional reliably despite withdraw alterations
    implicitly sufficient restrictive elsewhere fonts conveyed accompany extraction detriment cancellation intermediate literary practicable fullest
    compulsory broadcast musical violate slightly expectation unaffected download unfair ineffective abandoned convenient clauses describes deletion
    pretend utility click parallel academic permissible commons associating textual accessible controlling mix sample minimal transferable depicted
    confer likeness disrupt forbid sponsorship terminology illustration typing recordings composition presumption believes portability defunct clarify
    interactive involved conversion selection snapshot integrated enforced mutual believed analogous affiliates prototypes protocol enables static
    combines deleted linguistic stimulate disclosed sufficiently contributes competent unspecified corporation toll underneath laboratory commodities
    geography photography wireless distort folklore broadcasts sought violated honor dramatic consisting determines extract correct guidelines
    interfere sync widely obligated judicial etc tables bytes desirable defaults parameter obey integer dependency violation whoever duplication deem
    descriptive revise especially wishes older renamed compressed toolkit integrity distributor commence prevailing assent closely consists protocols
    numbered plugin template informed formerly deprecated subclass macro collectively mutually disable standalone anywhere enabled exploit commonly
    prefix behaviour exclusively homepage operated adopted constantly timely factual misleading justify aggregated typed typing myself yourself
    himself herself itself ourselves somewhat therefore although whether perhaps indeed instead anyway besides hence thus furthermore moreover
    nevertheless nobody none neither nor upon toward towards throughout amid among amongst beneath
    """.split()  # noqa: SIM905  a table of words
)


def is_plain(word: str) -> bool:
    """Whether it, or what it is a form of, is one of them."""
    return word in COMMON or any(
        word.endswith(end) and (word[: -len(end)] in COMMON or f"{word[: -len(end)]}e" in COMMON or f"{word[: -len(end)]}y" in COMMON)
        for end in ("s", "es", "ies", "ed", "ied", "ing", "er", "ers", "ly", "ness", "ally", "al", "ful", "less")
    )

"""Plain English words that come near one of ours, and so must not be taken for it misspelt."""

# ruff: noqa: E501  tables and patterns read best a line each

from __future__ import annotations

from typing import Final

WORDS: Final = frozenset(
    """
    takes makes gives
    accident command accidents according account accounts admin admins advice again against alert alike allergic
    allocating allow alone already alter altering although always among amount analytics analyzer anchored apart
    appeared appearing approach approved arch arise around ascending aside asked asking asleep assembly audio
    authority authorized auto automatic autoscaler available await awaitable awaited awaits awake away awoke
    axes back backtrack band bands base bases batch batches beam became because become beer before began
    beginning behavior behind believe below bend bert beside besides best better between beyond billed billions
    bills bind binding binds bins birthday black blank blending blocker blow board bold bool bools boot booting
    both bound brace braces branch breaking bright bring broken broker bucket buckets budget budgets build built
    builtins bunch burst busy buying cached caching calculation calculations call callback callbacks callee
    caller calls came cancel cancelled cancelling candle capital caps card cards care careful caret carets
    carousel carousels carte carts case cased cases casing cast casting casts catch catches catching caught
    cause cell cells cert certain certificate certs chaining chance channel char charge chars chart charts chats
    chatter chatty cheap check checked checker checksum checksums choose chunking citation classified classify
    clause clean cleaned cleaning clear clearer clicking climbed climbing clipping clone cloned close closed
    closer closest coast code coded codes coding coffee cold collection collections combine come comes coming
    comments common companion compiled compiles compiling completely completing compliant composite composites
    compound compress comprising computer concurrently conference congrats congratulations connecting connection
    connector connectors consider consume consumed consumes contention context contract contracted contracts
    contrary convention conventions converge core cores correction cost could council counters countries country
    couple course cover covering cpus crash crashed crashes crashing crashloop created creation creations cred
    creds crop cropping cups curious currently danger dare dark data date dates dead deadlock deal dear
    debugging decide decided decision deck declined declines decode decoding decomposed decreased deep deleting
    deliver delivery denied depending derive derived derives design desk detached detail details detected
    detecting developer developers device devices died different difficult dimension dimes dinner disc disks
    display displayed division docker does doing dollar done door dots doubt down downloaded downloading
    downstream dragging drained draw drawn drive driven driver drop dropped dropping drops dual dying each eager
    early ease easily easy editing effort either elbow else email emails embedded embedding emit emits employ
    employed enabling ended enough ensuring entire enumerator equal equality escaping evaluating even evening
    ever every evident exact example exceed exceeded exceeding except exception exch excuse exec executor exit
    exited exiting exits expect expected expecting expired exported exporting expresses extended extending extra
    fact fail failed fair fake fall fallback fallbacks falling falls fast fatal favor feature federation feed
    feel feels felt fetcher field file files fill filled filler filling fills final finally finance find fine
    fines fire first fits fixed fixtures flagged flat flist floating flow flows fold folded folding folks follow
    football forbidden fore forget forgot fork form found free freed freeze frequently friend from front frozen
    full fully furnished further future gain game games gaps gate gated gates gateway gateways gather gave
    general generator generators getter getting gist give given glad glow goes going gone good gpus grace
    granting graphics great green grey ground group grouping grow growing grown guess guest guys hack half hand
    handle handled handling handshake handy hang happen happened happening happens happy hard harder hardware
    hatch hatching hate have head heads hear heard height held hell helm help helper here hide high hint hinting
    hints hold holder holds hole holes holiday home hood hook hooks hope hopefully host hosted hosting hosts
    hour house huge hypervisor idea ideal ideas ignored import important imported importing imports improvement
    incidence incident included includes including incoming incomplete increase increased increasing indent
    indented inferred initiator injected inline inserted inserting insertion inside inspection installer
    instancing instants instead integrating intended intent intention interaction interactions intercepted
    interference invert inverted invite involves involving issue issues iteration iterations itself jobs join
    joke jokes jump jumped jumping jumps just kafka keep keeping keeps kept keys killed kind kinds knew know
    known knows kubernetes laid lambda land landed lands lane lanes laptop large last late lately latent later
    latex latter launch layer lead leading leads leaf leak leaked leaking leaks leap lease least leave left
    legal less letter letting level lies life light like likes limes limit limited line lines link links list
    listen little live lived lives load loads loan local locale location locations lock locked locking locks
    locs logger logic logical logins long longer look looked looking looks lookup loop looping loops lose loses
    losing loss lost love lower lunch made mail mails main major make maker making malformed many maps marker
    marketing mask masked masking masks mass master match matched matcher matchers matches matching matter
    matters maybe mean means meant mediation meet meeting meetings member members memorial memories mentioned
    mentor merge merged merger mess might million mind mine mines mint minus minute miss missing mixed mixing
    mock modal mode moderate moderated modes modified modifies modifying modulo moment money monitor month more
    morning most mount mounts mouth move moved movie moving much music must mutation name near nearly need
    needed needs negative neon nest nested nesting never newer newsletter nice nicer night nobody noise nonc
    none normal north notation nothing notice noun nrows null nulls number numer oauth occurrence office often
    okay once ones only open opener openid operation operations operator optimisation optimization option order
    orgs other others ought outside over owned owner pack packed packing padded padding pads page pages paid
    pain pains paint pale pane panel panels panic paper parse parsed parses parsing part parts party passes
    passing passwd past paste pasted patch patched patches patching path pats payload pegged pens people perhaps
    permission person phone phones pick picked picking picks piece pinned pinning pins pipe pizza place plain
    plan plane planes plans play please plotted plotting plus poem poems point pointed pointer pointing
    pointless points poll polled polling pong poor port ported ports possible post postgresql postpone power
    powers precision predates preference prep preparer prepended prepending present presented presets president
    pretty preview previous previously price prices prime printer probably problem problems processed processes
    producer product productions products programs progress projected projection promises promotion protection
    prove provisional pull pulsing purposes push pygments question questions quick quickly quiet quirk quite
    quota quotation quote quoted quoting race races racing radio radius rain ramen rank ranks rare raster rate
    rather reach reaching read readable reads ready real really reason reasoning rebuilding recalculate
    recalculated recent recipe recipes recomputed reconnection recorder recreate recreated recursing redacted
    redis reduction reference referred referring refined reflected refs refuse refused refuses refusing
    regarding regenerate regenerated registry regular rejection related relation relative relatively release
    reloading remember remind remote repeatedly replaced replacing replayed replaying reply repo reporter
    reports requested requester requesting research reserved reset resetting reshaped resident resolver resort
    respected respecting responded responds responsive rest restarted restarts resulted resulting retained
    retaining retries retry retrying reused reversed reversing ride rides right risk road roads role roles
    rollbacks room rotated round routed routing rows ruin rule rune running runs rust safe said sake sales salt
    same save saying says scales scanner scarce scenario scheduler scope score scores seam searched searches
    searching seat seats second secret secrets sections sediment seeing seek seem seems seen sees selected
    selecting sell send sense sent sentiments separate serious serve served serves service serving sessions
    setter setting several shade shading shall shaped shard sharded sharding shards share shell shift shifted
    shifting shifts short shot should show shown shows shrinker shrunk side sign signer simple since single site
    sites sits size sizer skill skip skipped skipping skips slack slash slight slot slots slow slowdown slowly
    slug small smart smoke smoked smoothing snow socket soft some someone something sometimes song songs soon
    sorry sort sound south space spaced spam span spanning spans spawn spawns speak speaking special specs
    spelling spend spent spike spiked spikes spiking spin spine spines spinning spiraling spoke spoken spot
    stability stack stale stall stand standing star starred stars start started starter starting state statement
    states stating stats stay staying stays steering stem stems step steps stick still stock stop stored stores
    storing story strange stripped stripping stuff successful such sudden suddenly suit suite suites summaries
    sunny supposed sure surprise survives swapping sweep sweet switch table take taken takes taking talk tall
    task tasks teach tell telling tenant tenants tends tent tents term terminal terminals termination terminator
    terraform terrible testcode tests text texts than thank that their them theme then there these they thin
    thing things think thinking third thirst this those though thought throttled throttling through throughout
    throw throwing thumbnail thumbnails thus tick ticker ticket tickets ticks ties tiff tight tile till time
    timed timeout timeouts timer times timezone timing tiny tired toast today together token told tomorrow
    tonight took tool total touch toward trace tracer track tracker tracks trade trades trailing train training
    transaction transferred transform transformed transforming transforms transitive translation translations
    trap treat treated treating tree trick tried tries trio trip triplet triplets tripped tripping trips trouble
    true trust trying turn turned turning twice type unauthorized unavailable under understand understood
    undocumented unfinished united units unity unless unreachable unregistered unresolved unsigned until
    untrusted uploaded uploading upon upstream used useful user using usual usually vacation vary vendor vendors
    verb verifier versioned vertices very vest vice view viewer visit voice void wait waiter waiting walk
    walking wall want wanted wants warm wash watch watchdog water ways weak wear weather wedge week weekend
    weight weird well went were what when where whereas whether which while white whole whose wide width wild
    will wind window windows wire wish witch with within without woke woken wonder wondering word wording work
    worked working works world worried worry worrying worse worst would wrapped wrapping write writer writers
    writing wrong wrote yeah year young your yours zone
    """.split()  # noqa: SIM905  a table of words
)

OURS: Final = frozenset(
    """
    higher lower faster slower better worse bigger smaller cheaper inform notify drained rotated restarted bounced flushed traces spans
    approval approvals average commander container containers critical development endpoint highest identified
    instance instances investigating latency lowest maximum median minimum monitoring percent percentile
    postmortem production quantile quarter replica replicas resolved response scribe severity staging timeline
    version versions warning warnings yesterday
    """.split()  # noqa: SIM905  a table of words
)
"""Words of ours that no other table holds."""

package consent

// The phrases, searched in normalised text: small letters without accents,
// "dont" written "do not", one space between words, clauses ended by " . ".
// English and Spanish.

const (
	msg = `(?:texts?|txts?|messages?|messaging|msgs?|msg|sms|texting|notifications?|notices|alerts?|reminders?|updates?|spam|` +
		`mensajes?|mensajitos?|textos?|notificaciones|recordatorios|avisos|correos de texto)`
	// What may stand between a verb and what it is about.
	filler = `(?:(?:all|all of|any|any of|any more|anymore|more|these|those|this|that|the|your|ur|of|with|me|us|my|sending|getting|` +
		`receiving|out|stupid|damn|annoying|constant|fucking|freaking|automated|auto|so|many|further|other|future|such|kind|unwanted|` +
		`to|get|receive|be|sent|having|bunch|lot|a|in|on|please|ever|random|robo|phone|company|companys|company's|marketing) )*`
	never  = `(?:do not|never|no longer|should not|must not|can not|not to|you may not|do not you)`
	toText = `(?:text|txt|message|msg|sms|contact|spam|harass|solicit|reach out)`
	texted = `(?:texting|txting|messaging|msging|contacting|bothering|spamming|harassing|disturbing|pinging|bugging|annoying|` +
		`blowing up|soliciting|reaching out|text|txt|message|contact|bother|spam|textng|txtng|textin|texing)`
	stopped = `(?:stop|quit|cease|stpo|sotp|stp|stopp)`
	begins  = `(?:^|please |\. |and |so |just |but |you |also |then )`
	ends    = `(?: \.|$)`
)

// keepSending are phrases in which the words of a wish say something else. They
// are taken out before any wish is looked for.
var keepSending = []string{
	`\b(?:do not|never|not|please do not|why did you|did you|have you|when did you|you) stop(?:ped)? ` + `(?:sending|texting|messaging|the|my|these|your|reminding)`,
	`\bdo not (?:want|wish|mean) (?:you )?to (?:opt out|unsubscribe|stop|be removed)\b`,
	`\b(?:do not|did not|never|not|accidentally|by mistake|by accident) (?:opt(?:ed)? out|unsubscribe|mean to(?: [^ .]+){1,3}|opt me out|want out|remove me|take me off)`,
	`\b(?:accidentally|mistakenly|wrongly) (?:opted out|unsubscribed|texted stop|said stop|hit stop|sent stop)`,
	`\bdo not (?:lose|remove|delete) my number\b`,
	`\byou (?:never|do not|did not) (?:text|message|contact|call|send)\b.*\bback\b`,
	`\bwhy (?:do|did|have) (?:not )?you (?:not |never )?(?:text|message|contact|stop)`,
	`\b(?:opt|opted|sign|put) me back\b`,
}

// enough are clear wishes to end all texts.
var enough = []string{
	begins + never + ` (?:ever |please |you |again |dare |be )*` + toText + `(?:ing)?(?: (?:me|us|this|my (?:number|phone|cell)|here|again|anymore|any more|at|it|anything|these|please|or|and|ever)\b|` + ends + `)`,
	begins + never + ` (?:ever |please |you )*(?:bother|disturb|bug|annoy|ping) (?:me|us)\b`,
	begins + never + ` (?:ever |please |you )*(?:send|write)(?: (?:me|us|this number))*(?: (?:any|more|these|this|those|your|the|further|anymore|such))* (?:` + msg + `|anything|this stuff|this crap|stuff|these|this|it)\b`,
	`\b` + never + ` (?:ever )?(?:call|calling|phone|email)(?: me| us)? (?:or|and|nor) (?:text|txt|message|contact|send|email|write)`,
	begins + never + ` (?:send|write|text)(?: to)?(?: me| us)? (?:anymore|any more|again|no more)\b`,
	`\b(?:need|want|wish|like|told|asked|asking|telling) you (?:guys |people |all |to |please |just |would )*stop(?: it| this| now| already| please| asap)*` + ends,
	`\b(?:will|would|can|could) you (?:guys |people |all )*(?:please |just )*stop(?: it| this| now| already| please| asap)+` + ends,
	`\b(?:will|would|can|could) you (?:guys |people |all )*(?:please |just )+stop` + ends,
	`\b(?:say|said|saying|text|texted|replied|sent|typed|answered) stop` + ends, `\bstop (?:please )*no more\b`,
	`\bstop (?:getting|receiving) (?:these|them|this|any|those)\b`, `\bno more of (?:these|this|those|your)\b`,
	`\b(?:removed|taken off|taken out|taken) (?:from |off |of )*(?:your|the|this|any|these|all) (?:[^ .]+ )?(?:lists?|system|database|texts|messages|group|thread)\b`,
	`^(?:please )?removed? (?:me )?from (?:the |your |this )?(?:[^ .]+ )?list\b`, `^(?:please )?remove (?:the )?number` + ends,
	`\b` + stopped + ` (?:please |already )?(?:with )?` + texted + `\b`,
	`\b` + stopped + ` (?:please )?(?:with )?` + filler + msg + `\b`,
	`\b` + stopped + ` (?:please )?sending (?:me |us )?(?:this|these|it|stuff|crap|shit|things|anything|junk|garbage|this stuff|this crap|\.|$)`,
	`\b` + stopped + ` (?:all )?(?:communications?|contact|correspondence|the spam|the harassment|harassment)\b`,
	`(?:^|please |\. )stop (?:i|u|you|we)\b`,
	`\bstop (?:it already|this nonsense|this crap|this shit|this spam|this please|this now|bugging|it please|it now|contact)\b`,
	`\bmake (?:it|them|this|these ` + msg + `|the ` + msg + `) stop (?:texting|messaging)\b|\bmake (?:these|the|those) ` + msg + ` stop\b`,
	`(?:^|please |\. )(?:end|halt) ` + filler + msg + `\b`,
	`\b(?:stop|cancel|turn off|shut off|disable|deactivate|discontinue|unsubscribe|opt out|remove me|take me off)(?: me| us)?(?: from| of| to)? ` + filler + msg + `\b`,
	`\bno (?:more|further|additional) ` + filler + msg + `\b`,
	`(?:^|\. )(?:please )?no (?:the |your |these )?` + msg + `(?: please)?` + ends,
	`\benough (?:with |of )?(?:the |your |these |this )?` + msg + `\b`,
	`\b(?:take|get|remove|delete|strike|scrub|leave) (?:me|us|my (?:number|name|phone|cell|contact|info|information|mobile)(?: number)?|this (?:number|phone|cell)|our number)(?: off| from| out)+(?: of)?(?: (?:your|the|this|that|ur|all|any|these|those|everything|it|here|email|phone))*(?: (?:lists?|texting|text|sms|contacts?|contact list|call list|mailing list|database|system|messages?|texts|program|thread|group|chat|distribution|records|notifications|reminders|everything|these|this)\b| \.|$)`,
	`\b(?:remove|delete|drop|erase|forget|lose|take off|take out|scrub|block) (?:my|this|our) (?:number|phone|cell|contact|mobile|name and number|phone number|cell number)\b`,
	`\b(?:remove|delete) (?:me|us)(?: please| now| immediately| asap| at once)?(?: \.|$)`,
	`\bunsubscri?be?\b`,
	`\bunsuscribe\b|\bunsubcribe\b|\bunsubscibe\b|\bunscribe\b|\bunsubscrive\b|\bunsubsribe\b|\bun subscribe\b`,
	`\bopt(?:ing)? ?(?:me |us |my number )?out\b|\boptout\b`,
	`\b(?:want|wish|like) (?:out of|off) (?:of )?(?:this|these|your|the)\b`,
	`\b(?:do not|never|no longer|not) (?:want|wish|need|like|care|wanna|care for|approve of|consent to|agree to|authorize|agreed to|consented to|asked for|ask for|sign up for|signed up for|subscribe to|subscribed to|interested in)(?: any of| any more| anymore)? ` + filler + msg + `\b`,
	`\b(?:do not|never|no longer|not) (?:want|wish|like|wanna|care|agree|consent)(?: for you)? to (?:be |get |receive |you )?(?:being )?(?:texted|text|contacted|messaged|contact me|text me|message me|bothered|spammed|hear from you|receive these|get these|receive anything|get anything|be on this list|be on your list)\b`,
	`\bdo not want (?:you |you guys |y'all )?(?:to )?(?:text|message|contact|texting|messaging|contacting)\b`,
	`\bdo not want (?:these|this stuff|any of these|any of this|them)(?: anymore| any more| please)?(?: \.|$)`,
	`\b(?:revoke|withdraw|rescind|take back)(?:ing)? (?:my |all |any )*(?:consent|permission|authorization)\b`,
	`\bleave (?:me|us) alone\b|\blet me be` + ends,
	`\b(?:lose|forget) (?:my|this) (?:number|digits)\b`,
	`\b(?:put|add) (?:me|this number|my number) (?:on|to) (?:your |the )?(?:do not (?:call|text|contact)|dnc)\b`,
	`\bnever (?:ever )?(?:text|contact|message) (?:me|us|this)\b`,
	`\bi said (?:stop|no more|unsubscribe)\b`,
	`\bdo not ever (?:text|contact|message)\b`,

	// Spanish
	`\b(?:no|nunca|ya no|jamas) (?:quiero|deseo|necesito|quisiera|queremos|deseamos|me interesan?)(?: (?:mas|recibir|sus|los|estos|esos|ningun|que|me|nos|de|ver|tener|seguir|recibiendo))* ` + msg + `\b`,
	`\b(?:no|nunca|ya no) (?:quiero|deseo)(?: (?:que|seguir))* (?:me|nos)? ?(?:recibiendo|manden|envien|escriban|contacten|molesten|texteen)\b`,
	`\bno mas ` + msg + `\b|\bno mas (?:por favor|textos)\b`,
	`\b(?:no|nunca|ya no) (?:me|nos) (?:manden?|mandes|envien?|envies|escriban?|escribas|molesten?|molestes|contacten?|contactes|texteen?|textees|mensajeen|vuelvan? a (?:escribir|mandar|enviar|contactar|molestar))\b`,
	`\b(?:deje|dejen|deja|dejar|pare|paren|para|basta|parar|ya) de (?:mandar|enviar|escribir|molestar|textear|contactar|mensajear|mandarme|enviarme|escribirme|molestarme|textearme|contactarme)(?:me|nos)?\b`,
	`\b(?:quiten?|quita|quitar|saquen?|saca|sacar|eliminen?|elimina|eliminar|borren?|borra|borrar|remuevan?|remover|retiren?|retirar)(?:me|nos|n?me)?(?: (?:de|mi|el|este|la|su|tu|esta|mis))* (?:listas?|numero|telefono|datos|base de datos)\b`,
	`\b(?:quitenme|saquenme|borrenme|eliminenme|quiteme|saqueme)\b`,
	`\b(?:dar|den|de|deme|denme|darme|dame) (?:me )?de baja\b|\bdarse de baja\b`,
	`\b(?:dejenme|dejeme|dejame) (?:en paz|tranquil[oa])\b`,
	`\b(?:cancelar|cancelen?|cancele|detener|detengan|suspender|suspendan|terminar) (?:la |los |mi |mis |sus |estos |esos |las )*(?:suscripcion|` + msg + `)`,
	`\bno molest(?:ar|en|e)\b`,
	`\bno (?:escribir|enviar|mandar|contactar|textear)(?:me|nos)?(?: mas| por favor)?(?: ` + msg + `|` + ends + `)`,
	`\bno (?:manden?|envien?) (?:mas )?(?:` + msg + `)\b`, `\bya no (?:manden?|envien?|escriban?)(?: mas)?(?: ` + msg + `|` + ends + `)`,
	`\b(?:parar|pare|paren|para|basta|detener|detengan) (?:con |de )?(?:los |sus |estos |esos |tantos )?` + msg + `\b`,
	`\balto a (?:los |sus )?` + msg + `\b`,
}

// everything shows that a wish about one kind of message means all texts.
var everything = []string{
	`\b(?:stop|quit|cease) (?:texting|messaging|contacting|calling (?:and|or|&) (?:texting|messaging)|texting (?:and|or|&) calling)\b(?: me| us)?(?: \.|$| and| or)`,
	`\b(?:call|calling|calls|email|emailing|emails) (?:me )?(?:or|and|&|nor) (?:text|texting|message|messaging|texts|messages)\b`,
	`\b(?:text|texting|texts|message|messaging) (?:me )?(?:or|and|&|nor) (?:call|calling|calls|email|emailing|emails|phone)\b`,
	`\b(?:stop|no more|end|quit) (?:sending )?(?:me )?(?:all|any|every) (?:texts|messages|of (?:it|this|these|your))`,
	`\b(?:everything|anything|all of it|all of them)\b`,
	`\btexting me\b.*\bi (?:already |just )?(?:left|wrote|did|gave|made|posted)\b`,
}

const (
	reviews = `(?:reviews?|feedback|surveys?|ratings?|questionnaires?|resenas?|opiniones|encuestas?)` +
		`(?: (?:requests?|texts?|messages?|links?|stuff|msgs?|emails?|reminders?|please|now|again|anymore|thanks|from|for|and|or|me|already)\b|` + ends + `)`
	offers = `(?:ads?|adverts?|advertising|advertisements?|promos?|promotions?|promotional|offers|special offers?|marketing|coupons?|` +
		`newsletters?|sales (?:texts?|messages?|pitch(?:es)?|stuff|calls?)|deals|specials|discounts|solicitations?|upsells?|campaigns?|` +
		`anuncios?|promociones|publicidad|ofertas|descuentos)`
	endOf = `(?:\b(?:stop|quit|no more|no mas|cease|enough|cancel|unsubscribe|opt out|opt me out|remove me|take me off|turn off|` +
		`not interested in|do not (?:send|want|need|text|message|like|care|ask|bother|wish|give|contact|spam)|no longer (?:want|wish|need)|never (?:send|text|ask)|` +
		`no (?:me )?(?:manden?|envien?|quiero|deseo|pidan)|dejen? de|ya no)\b|(?:^|\. |please )no\b)`
	upTo = `(?: [^ .]+){0,6}? `
)

// One kind of message named after a wish to end, in the same clause.
var (
	noReviews = []string{`\b(?:stop|quit|do not|no more) ask(?:ing)? (?:me |us )?to (?:rate|review|score)\b`, endOf + `(?:` + upTo + `| )` + reviews + `\b`, `\bno (?:pidan|manden|quiero)(?: [^ .]+){0,3} ` + reviews + `\b`}
	noOffers  = []string{endOf + `(?:` + upTo + `| )` + offers + `\b`}
	onlyJobs  = []string{
		`\bonly (?:text|message|contact)(?: me| us)? (?:about|for|regarding|with) (?:[^ .]+ ){0,3}(?:appointments?|visits?|service|jobs?|repairs?)\b`,
		`\bonly (?:send|want|need)(?: me| us)?(?: [^ .]+){0,2} (?:appointment|visit|service|job) ` + msg + `\b`,
	}
	noCalls = []string{
		`\b(?:stop|quit|cease|end) (?:with )?(?:the |these |your |all |all the )?(?:call|calls|calling|phoning|ringing|phone calls|robo ?calls|robocalling|voicemails?)` +
			`(?: (?:me|us|this|my|here|please|now|and|or|so|every|all|already|at|anymore|from)\b|` + ends + `)`,
		`\b(?:stop|quit) (?:leaving|making|placing) (?:me |us |these |the |so many )*(?:voicemails?|calls|phone calls|voice messages?)\b`,
		`\b(?:do not|never|please no|no longer) (?:ever )?(?:call|phone|ring|voicemail)(?: me| us| this| my| again| anymore| here| \.|$)`,
		`\bno (?:more )?(?:phone |robo ?|voice )?calls\b`, `\bno more calling\b`, `\bdo not want (?:any |more |these |your )*(?:phone |robo ?)?calls\b`,
		`\bno (?:me |nos )?(?:llamen?|llames)\b`, `\bdejen? de llamar(?:me|nos)?\b`, `\bno mas llamadas\b`,
	}
	noMail = []string{
		`\b(?:stop|quit|cease) (?:the |sending |me |your |these )*(?:emailing|emails|email|e-?mails?|mailing)\b`,
		`\bdo not (?:e-?mail)(?: me| us| again| \.|$)`, `\bno more e-?mails\b`,
	}
)

// elsewhere asks for another channel than texts.
var elsewhere = []string{
	`\binstead of (?:text|texts|texting|sms|a text|messages|messaging|by text)\b`, `\brather than (?:text|texts|texting|sms|messages)\b`,
	`\be-?mail (?:me|us) instead\b`, `\b(?:only|just) (?:by )?e-?mail(?: me| us)?(?: please| thanks)?` + ends, `\be-?mails? only\b`,
	`\b(?:by|via|through) e-?mail (?:only|instead)\b`, `\b(?:prefer|rather (?:get|have|use|receive)) (?:an? )?e-?mails?\b`,
	`\b(?:call|calls|phone) (?:me )?(?:only|and not text|not text)\b`, `\bonly call me(?: please)?(?: \.|$)`,
	`(?:\b(?:stop|quit|do not|no more)|(?:^|\. )(?:please )?no) (?:text|texts|texting|txt|messaging|message)(?:ing)?(?: me| us)? (?:\. |and |just |please |but )*(?:call|phone|e-?mail)(?: me| us| instead|\b)`,
	`\bprefer (?:an? )?(?:emails?|(?:phone )?calls?|phone) (?:over|to|instead of|rather than) (?:texts?|texting|messages|sms)\b`,
	`\be-?mail (?:me )?(?:\. )?(?:and |but )?(?:not|do not|no) text`, `\b(?:correo|email) en (?:vez|lugar) de\b`, `\ben (?:vez|lugar) de (?:mensajes|textos|texto)\b`,
}

// limited wishes only for other hours.
var limited = []string{
	`\b(?:do not|stop|never|no|quit) (?:text|texts|texting|message|messaging|call|calls|calling|contact|contacting|bother)(?:ing)?(?: [^ .]+){0,3}? (?:after|before|until|til|till|while|during|between|at night|so early|so late|this early|this late|on (?:weekends?|sundays?|saturdays?|mondays?)|today|tonight|tomorrow|in the morning|at work|past)\b`,
}

var wrongPhrases = []string{
	`\bwrong ?number\b`, `\bwrong (?:number|person|phone|num|numbr|nunber|individual|#)(?: |'|$)`,
	`\b(?:the|a) wrong (?:guy|girl|lady|man|woman|dude|cell|contact|customer|party)\b`,
	`\b(?:have|got|texted|reached|texting|messaged|called|contacted|dialed|messaging) the wrong(?: \.|$)`,
	`\b(?:not|no longer|is not|isnt|was not) (?:my|his|her|their|the right|the correct|[a-z]+'s) (?:number|phone|cell|mobile)(?: number)?\b`,
	`\bnot the (?:number|phone) (?:for|of)\b`, `\b(?:does not|no longer|do not) (?:has|have|own|use|uses|owns) (?:this|that) (?:number|phone)\b`,
	`\b[a-z]+ (?:does not|no longer|do not) lives? (?:here|at this)\b`, `\bno vive aqui\b`, `\baqui no vive\b`, `\bno es (?:el|su) (?:numero|telefono) de\b`,
	`\bnot the (?:right|correct) (?:person|number|phone|one)\b`,
	`\bnumber (?:has |was |is |got )?(?:been )?(?:changed|reassigned|disconnected)\b`, `\bchanged (?:her|his|their) (?:phone )?number\b`,
	`\b(?:he|she|they) (?:has|have|got|had) a (?:new|different) number\b`,
	`\b(?:no one|nobody|noone) (?:is )?(?:here |at this number |in this house )?(?:(?:by|with|of) (?:that|the|this) name|named)\b`,
	`\b(?:no one|nobody|noone) (?:is )?here called\b`,
	`\bdo not know (?:anyone|anybody|any|a|an) (?:[a-z]+ )?(?:named|called|by that name|with that name|by the name)\b`,
	`\bdo not know (?:that|this) person\b`,
	`\b(?:there is |theres )?no [a-z]+ (?:at|on|with) this (?:number|phone)\b`,
	`\b(?:someone|somebody) else'?s? (?:number|phone|has this number)\b`, `\bnumber (?:belongs|belonged) to (?:someone|somebody|another|a different)\b`,
	`\b(?:belongs|belong) to (?:someone|somebody) else\b`, `\b(?:just|recently) got this (?:number|phone)\b`,
	`\b(?:new|different) (?:owner|person)(?: of| has| with| at) this (?:number|phone)\b`, `\bi am not (?:the person|who you|him|her|that person)\b`,
	`\bmistaken me for\b`, `\byou (?:are )?(?:texting|messaging|looking for) (?:someone|somebody) else\b`,
	`\b(?:texting|messaging|have|got|reached) (?:the )?incorrect (?:number|person)\b`, `\bincorrect number\b`,
	`\bnot the (?:owner|customer|homeowner|person) you\b`,
	`\bnumero (?:equivocado|incorrecto|erroneo)\b`, `\bequivocad[oa]s? (?:de )?(?:numero|persona)\b`, `\bse equivoc\w+ de (?:numero|persona)\b`,
	`\b(?:esta|estan|estas) equivocad[oa]s?(?: \.|$)`, `\bpersona (?:equivocada|incorrecta)\b`, `\bno soy (?:la persona|el cliente|quien|esa persona)\b`,
	`\bno conozco a\b`, `\b(?:este|ese) (?:ya )?no es (?:el |su |mi )?(?:numero|telefono)\b`, `^equivocad[oa]$`, `\bnumero (?:ha )?cambi(?:o|ado)\b`,
}

// wrongGuards are wrong numbers of other things.
var wrongGuards = []string{
	`\b(?:invoice|bill|part|order|model|serial|ticket|receipt|estimate|quote|unit|house|check|account|apartment|apt|po|permit)\b(?: [^ .]+){0,5} wrong (?:number|person|#)`,
	`\bwrong (?:number|no|#|person|contact|phone) (?:of|on|in|for (?:the|my) (?:part|unit|invoice|filter)|was (?:listed|charged))\b`,
	`\b(?:do i have|did i|have i got|is this|am i) (?:[^ .]+ ){0,2}(?:the )?wrong (?:number|person)`,
	`\bwrong (?:person|guy|man|dude) (?:came|showed|was sent|to fix|for the job)\b`, `\bsent the wrong (?:person|guy|man|one|part)\b`,
	`\bmy (?:new |phone |cell )*number (?:has |is |was )?(?:been )?changed (?:to|it is)\b`,
}

var annoyed = []string{
	`\b(?:stpo|sotp|stopp)\b`, `\bnot interested(?: \.|$| in (?:this|these|your|it)\b)`, `\bgo away\b`, `\bget lost\b`,
	`\b(?:piss|fuck|f|eff|bugger|buzz) off\b`, `\bfuck (?:you|u)\b`, `\bscrew you\b`,
	`\b(?:spam|harassment|spamming|scam)` + ends, `\b(?:too|so) many ` + msg + `\b`,
	`\b(?:report|reporting|block|blocking|blocked) (?:you|this number|as spam|as junk)\b`, `\bharass(?:ing|ment|ed)?\b`,
	`^enough(?: already| is enough)?` + ends, `\bnever signed up\b`, `\bdid not (?:sign up|consent|subscribe)\b`,
	`\bno me interesa` + ends, `\bno more\b` + ends,
}

var legal = []string{`\b(?:lawyer|attorney|lawsuit|sue|suing|tcpa|fcc|ftc|do not call (?:list|registry)|bbb|attorney general|abogado|demanda|demandar)\b`}

// jobWords show that a word is about the work.
const jobWords = `\b(?:appointment|appt|apt|visit|service|job|order|membership|plan|tomorrow|today|tonight|monday|tuesday|wednesday|thursday|` +
	`friday|saturday|sunday|repair|install|installation|estimate|tech|technician|booking|work|contract|cita|visita|servicio|am|pm|morning|` +
	`afternoon|schedule|scheduled|reschedule|cleaning|tune up|maintenance|inspection|thing|fee|policy|charge)\b`

// otherStops follow STOP in other senses: a technician stops by, a leak does not.
const otherStops = `^(?:by|at|in|on|over|off|here|there|when|where|if|and|for|to|before|after|outside|signs?|lights?|payments?|valve|cock|` +
	`leaking|leak|running|dripping|cooling|heating|working|what|that|the|my|our|your|work|jobs?|charging|billing|coming|trying|taking|` +
	`using|blocking|parking|beeping|making|it from|this|autopay|auto|watch|water|gas|next|tomorrow|today|past|along|first|only|but|or|with)\b`

// otherEnds come before a last word STOP that is no wish: "the leak will not stop".
const otherEnds = `\b(?:not|never|the|a|last|next|first|bus|full|pit|your|our|leak|leaking|water|noise|it|until|and|or|did|to|must|will|does|my|this|that|one|quick|emergency|end) stop$`

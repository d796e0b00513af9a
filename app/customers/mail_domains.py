"""Domains of e-mails: which ones belong to a company, and which to a mail host for everybody."""

from app.customers.emails import canonical_email

# Hosts where anybody gets an address: that two people have one there says nothing about them.
_HOSTS = (
    "aol.com aol.de arcor.de att.net bluewin.ch bol.com.br chello.at comcast.net duck.com email.com email.de"
    " fastmail.com fastmail.fm free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com"
    " hey.com hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it hushmail.com icloud.com"
    " inbox.lv kabelmail.de laposte.net libero.it live.co.uk live.com live.de live.fr live.nl mac.com mail.com"
    " mail.de mail.ru mailbox.org mailinator.com me.com msn.com naver.com o2online.de online.de orange.fr"
    " outlook.at outlook.com outlook.de outlook.fr pm.me posteo.de posteo.net proton.me protonmail.ch"
    " protonmail.com qq.com rediffmail.com rocketmail.com runbox.com seznam.cz sfr.fr sky.com t-online.at"
    " t-online.de telenet.be tiscali.it tuta.com tuta.io tutanota.com tutanota.de verizon.net virgilio.it"
    " vodafone.de wanadoo.fr web.de wp.pl yahoo.co.uk yahoo.com yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com"
    " yandex.ru ymail.com zoho.com 163.com 126.com"
)
PUBLIC_MAIL_HOSTS = frozenset(_HOSTS.split())


def domain_of(email: str) -> str:
    """The part behind the @ in the form that is compared, "" for what is no e-mail."""
    return canonical_email(email).rpartition("@")[2] if "@" in email else ""


def is_public(domain: str) -> bool:
    """Whether anybody can get an e-mail of this domain, or of one that it belongs to."""
    parts = domain.casefold().split(".")
    return any(".".join(parts[n:]) in PUBLIC_MAIL_HOSTS for n in range(len(parts)))

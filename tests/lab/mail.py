# Runs on the controller (`lab mail`): a plain mail client for the lab's service.
import imaplib, smtplib, ssl, sys

SERVICE_NAME = "mail1"
TIMEOUT = 15  # seconds


def password_of(user):
    with open("/etc/standin/passwords") as lines:
        passwords = dict(line.rstrip("\n").split(":", 1) for line in lines)
    if user not in passwords:
        sys.exit(f"mail: no such user: {user}")
    return passwords[user]


def send(user, count, tag):
    with smtplib.SMTP(SERVICE_NAME, 25, "ctl.lab.example", TIMEOUT) as server:
        for number in range(1, int(count) + 1):
            name = f"<{tag}-{number}@lab.example>"
            server.sendmail(
                "sender@lab.example",
                f"{user}@lab.example",
                f"From: sender@lab.example\r\nTo: {user}@lab.example\r\nMessage-ID: {name}\r\n"
                f"Subject: {tag} {number}\r\n\r\nThis is message {number} of {tag}.\r\n",
            )
            print(name, flush=True)  # accepted: from now on it must not be lost


def read(user):
    trust = ssl.create_default_context(cafile="/etc/standin/lab-ca.crt")
    with imaplib.IMAP4(SERVICE_NAME, timeout=TIMEOUT) as server:
        server.starttls(trust)
        server.login(user, password_of(user))
        server.select("INBOX", readonly=True)
        numbers = server.search(None, "ALL")[1][0].split()
        if not numbers:
            return
        answer = server.fetch(b",".join(numbers).decode(), "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID SUBJECT)])")[1]
        for part in answer:
            if isinstance(part, tuple):
                lines = part[1].decode().splitlines()
                fields = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines)}
                print(fields.get("message-id"), fields.get("subject"), sep="\t")


try:
    {"send": send, "read": read}[sys.argv[1]](*sys.argv[2:])
except (OSError, smtplib.SMTPException, imaplib.IMAP4.error) as error:
    sys.exit(f"mail: {sys.argv[1]}: {error}\n      see 'lab status': who carries the service address, do dovecot and postfix run there?")

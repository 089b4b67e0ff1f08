"""A real mail server for tests: takes mails by SMTP and prints what an independent reader finds in each, one JSON line a mail."""
import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, auth_mechanism

options = json.loads(sys.argv[1])


class Reader:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        plain = mail.get_body(("plain",))
        html = mail.get_body(("html",))
        say({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "hello": session.host_name,
            "user": options.get("user") if session.authenticated else None,
            "mechanism": getattr(session, "mechanism", None),
            "headers": [[name, str(value)] for name, value in mail.items()],
            "defects": [str(defect) for part in mail.walk() for defect in part.defects],
            "type": mail.get_content_type(),
            "plain": plain and plain.get_content(),
            "html": html and html.get_content(),
            "raw": envelope.content.decode("ascii"),
        })
        return "250 2.0.0 Taken"


class Server(SMTP):
    # One that no mail program has without a domain of Kerberos, and that lets nobody in here.
    @auth_mechanism("GSSAPI")
    async def auth_GSSAPI(self, server, args):
        return AuthResult(success=False, handled=False)

    async def smtp_AUTH(self, arg):
        # The names of mechanisms know no letter case (RFC 4422, section 3.1); this library's table does.
        mechanism, _, rest = (arg or "").partition(" ")
        await super().smtp_AUTH(f"{mechanism.upper()} {rest}".strip())


def authenticate(server, session, envelope, mechanism, data):
    session.mechanism = mechanism
    right = (data.login.decode(), data.password.decode()) == (options["user"], options["password"])
    return AuthResult(success=right, handled=False)


def say(value):
    print(json.dumps(value), flush=True)


def new_context():
    if not options.get("certificate"):
        return None

    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(options["certificate"], options["key"])
    return made


context = new_context()


def new_session():
    more = {}
    starttls = context is not None and not options.get("implicit")
    if starttls:
        more.update(tls_context=context, require_starttls=True)
    if options.get("user"):
        offered = (options.get("mechanisms") or "PLAIN LOGIN").split()
        more.update(
            authenticator=authenticate, auth_required=True, auth_require_tls=starttls,
            auth_exclude_mechanism=[name for name in ("PLAIN", "LOGIN", "GSSAPI") if name not in offered])
    return Server(Reader(), hostname="mail.test", **more)


async def main():
    server = await asyncio.get_running_loop().create_server(
        new_session, "127.0.0.1", 0, ssl=context if options.get("implicit") else None)
    say(server.sockets[0].getsockname()[1])
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())

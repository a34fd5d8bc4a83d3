#!/usr/bin/python3
"""Verifies files of evidence with nothing of Hongyan: written from deploy/evidence.md alone.

    verify.py [--root FILE]... [--list] FILE...

Prints one JSON object a file: {"file": ..., "holds": true, ...} or {"file": ..., "holds": false,
"code": ...}. Exit code 0 if every file holds, 1 if one does not, 2 for a fault of usage. With --list
each FILE holds the names of files, one a line.

Needs Python 3.11 and python3-cryptography (ECDSA and X.509); SHA-256, TOML and JSON are Python's own.
"""

import base64
import datetime
import hashlib
import json
import re
import struct
import sys
import tomllib

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

MAX_ITEMS = 4096
SPKI_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
IDENTITY = re.compile(r"spiffe://([a-z0-9._-]{1,255})/area/([0-9]{6})")
VERSION = re.compile(r"([0-9]{4,12}-[0-9]{4,12})/([1-9][0-9]*)")
BEGIN = "\n-----BEGIN HONGYAN SIGNATURE-----\n"
END = "\n-----END HONGYAN SIGNATURE-----"
VOIDS = {1: "expired", 2: "withdrawn", 3: "on_hold"}


class Refused(Exception):
    """What is wrong with a file, by a code of its own."""


def refuse(unless, code):
    if not unless:
        raise Refused(code)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def chain(head, digests):
    for digest in digests:
        head = sha256(head, digest)
    return head


# ---------------------------------------------------------------- values


def b64(text, code="value"):
    refuse(isinstance(text, str), code)
    try:
        found = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, UnicodeEncodeError):
        raise Refused(code) from None
    # One meaning has one spelling.
    refuse(base64.b64encode(found).decode() == text, code)
    return found


def digest_of(text, code="value"):
    refuse(isinstance(text, str) and re.fullmatch("[0-9a-f]{64}", text), code)
    return bytes.fromhex(text)


def members(value, *names):
    refuse(isinstance(value, dict) and sorted(value) == sorted(names), "not_evidence")
    return [value[name] for name in names]


def signed_of(value):
    form, signature = members(value, "form", "signature")
    return b64(form), b64(signature)


class Reader:
    """Takes canonical values from the front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        taken = self.data[self.at : self.at + count]
        refuse(len(taken) == count, "form")
        self.at += count
        return taken

    def number(self, layout):
        return struct.unpack(">" + layout, self.take(struct.calcsize(layout)))[0]

    def u8(self):
        return self.number("B")

    def u32(self):
        return self.number("I")

    def u64(self):
        return self.number("Q")

    def i64(self):
        return self.number("q")

    def area(self):
        area = self.take(6)
        refuse(area.isdigit(), "form")
        return area.decode()

    def end(self):
        refuse(self.at == len(self.data), "form")


# ---------------------------------------------------------------- signed forms


def header(form, *contexts):
    """Reads the context and the header of a form; gives a reader of its body and what it says."""
    for context in contexts:
        if form.startswith(context + b"\0"):
            reader = Reader(form)
            reader.take(len(context) + 1)
            refuse(reader.u8() == 1, "form")
            key = reader.take(32)
            signer = reader.take(reader.number("H")).decode("ascii", "replace")
            frame = (reader.area(), reader.area(), reader.u8())
            refuse(frame[2] in (0, 1), "form")
            return reader, {"context": context, "key": key, "signer": signer, "frame": frame}
    raise Refused("form")


def journal(reader, said):
    """The head of the signer's journal, which the first edition had not."""
    if said["context"].endswith(b"v1"):
        return None
    return reader.u64(), reader.take(32)


def parcel_form(form):
    reader, said = header(form, b"hongyan parcel v2", b"hongyan parcel v1")
    said["first"], said["count"] = reader.u64(), reader.u32()
    said["previous"], said["head"] = reader.take(32), reader.take(32)
    said["time_ms"] = reader.i64()
    count = reader.u32()
    refuse(count <= MAX_ITEMS and 0 < said["count"] <= MAX_ITEMS and said["first"] > 0, "form")
    voids, before = {}, -1
    for _ in range(count):
        offset, reason = reader.u32(), reader.u8()
        refuse(before < offset < said["count"] and reason in VOIDS, "form")
        voids[offset], before = reason, offset
    said["voids"], said["journal"] = voids, journal(reader, said)
    reader.end()
    return said


def receipt_form(form):
    reader, said = header(form, b"hongyan receipt v2", b"hongyan receipt v1")
    said["first"], count = reader.u64(), reader.u32()
    refuse(count <= MAX_ITEMS and said["first"] > 0, "form")
    outcomes, stored = [], False
    while len(outcomes) < count:
        kind = reader.u8()
        if kind == 0:
            run = reader.u32()
            refuse(0 < run <= count - len(outcomes) and not stored, "form")
            outcomes += ["stored"] * run
        elif kind == 1:
            outcomes.append("voided")
        else:
            refuse(kind == 2, "form")
            code = reader.take(reader.u8()).decode()
            field = reader.take(reader.u8()).decode()
            outcomes.append(f"refused {code} {field}".strip())
        stored = kind == 0
    said["outcomes"] = outcomes
    said["head"], said["held"] = reader.take(32), reader.u64()
    said["answers"], said["time_ms"] = reader.take(32), reader.i64()
    said["journal"] = journal(reader, said)
    reader.end()
    refuse(said["first"] - 1 + count <= said["held"], "form")
    return said


def showing_form(form):
    reader, said = header(form, b"hongyan evidence v1")
    said["document"], said["time_ms"] = reader.take(32), reader.i64()
    reader.end()
    return said


def succession_form(form):
    reader, said = header(form, b"hongyan succession v1")
    said["number"], said["successor"] = reader.u64(), reader.take(91)
    said["time_ms"] = reader.i64()
    reader.end()
    return said


def invitation_form(form):
    reader, said = header(form, b"hongyan invitation v1")
    said["document"] = reader.take(32)
    reader.end()
    return said


def statement_form(form):
    reader, said = header(form, b"hongyan signed statement v1")
    said["statement"] = reader.take(reader.u32())
    reader.end()
    return said


def write_header(context, key, signer, frame):
    spki = hashlib.sha256(key).digest()
    name = signer.encode()
    areas = frame[0].encode() + frame[1].encode() + bytes([frame[2]])
    return context + b"\0\x01" + spki + struct.pack(">H", len(name)) + name + areas


# ---------------------------------------------------------------- keys


_KEYS = {}


def public_key(spki):
    if spki not in _KEYS:
        refuse(len(spki) == 91 and spki.startswith(SPKI_PREFIX) and spki[26] == 4, "value")
        try:
            curve = ec.SECP256R1()
            _KEYS[spki] = ec.EllipticCurvePublicKey.from_encoded_point(curve, spki[26:])
        except ValueError:
            raise Refused("value") from None
    return _KEYS[spki]


def accepts(spki, form, signature):
    try:
        public_key(spki).verify(signature, form, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


class Node:
    """A node of a file with its keys, each known to be its."""

    def __init__(self, raw, name, channel, sandbox, pairings, alone):
        self.name = name
        self.identity, keys = members(raw, "identity", "keys")
        self.domain, self.area = identity(self.identity)
        self.keys = []
        refuse(isinstance(keys, list) and keys, "value")
        parties = [party for pair in pairings for party in pair["parties"]]
        parties = [party for party in parties if party["identity"] == self.identity]
        self.areas = {area for party in parties for area in party["areas"]}
        if alone:
            self.areas = set(channel)
        pinned = {party["key"] for party in parties}
        read = [(b64(key), raw_signed) for key, raw_signed in (members(k, "key", "succession") for k in keys)]
        refuse(len({key for key, _ in read}) == len(read), "value")
        held, number = alone, None
        for at, (key, succession) in enumerate(read):
            public_key(key)
            held = held or key in pinned
            refuse(held, "key_not_pinned")
            self.keys.append(key)
            if succession is None:
                held, number = False, None
                continue
            refuse(at + 1 < len(read), "succession")
            form, signature = signed_of(succession)
            refuse(accepts(key, form, signature), "succession")
            said = succession_form(form)
            frame = (self.area, self.area, int(sandbox))
            refuse(said["key"] == sha256(key) and said["signer"] == self.domain, "succession")
            refuse(said["frame"] == frame and said["successor"] == read[at + 1][0], "succession")
            refuse(said["number"] > 0, "succession")
            refuse(number is None or said["number"] == number + 1, "succession")
            number = said["number"]

    def verify(self, signed, read, area, code):
        """What one of its keys signed, for an area of its own."""
        form, signature = signed
        keys = [key for key in self.keys if accepts(key, form, signature)]
        refuse(keys, code)
        said = read(form)
        refuse(said["key"] == sha256(keys[-1]) and said["signer"] == self.domain, code)
        refuse(said["frame"][area] in self.areas, code)
        return said


def identity(text):
    refuse(isinstance(text, str), "value")
    found = IDENTITY.fullmatch(text)
    refuse(found, "value")
    return found.group(1), found.group(2)


# ---------------------------------------------------------------- pairings


def unseal(file):
    refuse(isinstance(file, str), "not_evidence")
    body, begin, rest = file.rpartition(BEGIN)
    rest = rest.rstrip()
    refuse(begin and rest.endswith(END), "pairing")
    return body, b64(rest[: -len(END)], "pairing")


def toml(text):
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError):
        raise Refused("pairing") from None


def party_of(raw, created, roots):
    try:
        party = {
            "identity": raw["identity"],
            "areas": raw["areas"],
            "sandbox": raw["sandbox"],
            "key": b64(raw["signing_key"], "pairing"),
            "root": None,
        }
        root = raw["root"]
    except (KeyError, TypeError):
        raise Refused("pairing") from None
    domain, area = identity(party["identity"])
    refuse(party["areas"] and party["areas"][0] == area, "pairing")
    refuse(("certificate" in raw) == ("certification" in raw), "pairing")
    if "certificate" in raw:
        signature = b64(raw["certification"], "pairing")
        party["root"] = certified(raw["certificate"], signature, root, party, domain, area, created)
        refuse(party["root"] is not None, "certificate")
    return party, domain, area


def pairing(raw, roots):
    answer_file, invitation_file = members(raw, "answer", "invitation")
    invitation, invitation_signature = unseal(invitation_file)
    answer, answer_signature = unseal(answer_file)
    invited, answered = toml(invitation), toml(answer)
    try:
        created = datetime.datetime.fromisoformat(invited["created"])
        nonce, expected_nonce = invited["nonce"], answered["invitation_nonce"]
        told = answered["invitation_digest"], answered["inviter_area"]
        agreement = toml(answered["agreement"])
        version = f'{agreement["id"]}/{agreement["version"]}'
        inviter_raw, accepter_raw = invited["inviter"], answered["accepter"]
    except (KeyError, TypeError, ValueError):
        raise Refused("pairing") from None
    inviter, domain, area = party_of(inviter_raw, created, roots)
    accepter, other_domain, other_area = party_of(accepter_raw, created, roots)
    digest = sha256(invitation.encode())
    # The signatures travel without their forms, which follow from the files.
    to = invited.get("for", area)
    frame = (area, to, int(inviter["sandbox"]))
    form = write_header(b"hongyan invitation v1", inviter["key"], domain, frame) + digest
    refuse(accepts(inviter["key"], form, invitation_signature), "pairing")
    frame = (other_area, area, int(accepter["sandbox"]))
    form = write_header(b"hongyan invitation answer v1", accepter["key"], other_domain, frame)
    form += digest + sha256(answer.encode())
    refuse(accepts(accepter["key"], form, answer_signature), "pairing")
    refuse(told == (digest.hex(), area) and nonce == expected_nonce, "pairing")
    return {"parties": [inviter, accepter], "agreement": version, "created": created}


# ---------------------------------------------------------------- certificates


def certificates(pem):
    blocks = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", pem, re.S)
    try:
        return [x509.load_pem_x509_certificate(block.encode()) for block in blocks]
    except ValueError:
        return []


def issued(certificate, issuer):
    if certificate.issuer != issuer.subject:
        return False
    key, algorithm = issuer.public_key(), certificate.signature_hash_algorithm
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            scheme = padding.PKCS1v15()
            key.verify(certificate.signature, certificate.tbs_certificate_bytes, scheme, algorithm)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def extension(certificate, kind):
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def is_authority(certificate):
    basic, usage = extension(certificate, x509.BasicConstraints), extension(certificate, x509.KeyUsage)
    return basic is not None and basic.ca and usage is not None and usage.key_cert_sign


def leads(certificate, others, root, at, depth=0):
    if not certificate.not_valid_before <= at <= certificate.not_valid_after or depth > 6:
        return False
    if issued(certificate, root):
        return True
    return any(
        is_authority(other) and issued(certificate, other) and leads(other, others, root, at, depth + 1)
        for other in others
        if other is not certificate
    )


def certified(chain_pem, signature, roots_pem, party, domain, area, created):
    """The fingerprint of the root under which the certificate vouches for the signing key."""
    shown = certificates(chain_pem)
    if not shown:
        return None
    leaf = shown[0]
    names = extension(leaf, x509.SubjectAlternativeName)
    uris = names.get_values_for_type(x509.UniformResourceIdentifier) if names else []
    usage, extended = extension(leaf, x509.KeyUsage), extension(leaf, x509.ExtendedKeyUsage)
    if uris != [party["identity"]] or usage is None or extended is None:
        return None
    signs_only = usage.digital_signature and not usage.key_cert_sign and not usage.crl_sign
    if not signs_only or x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH not in extended:
        return None
    # X.509 counts whole seconds of UTC.
    created = created.astimezone(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)
    at = max(created, leaf.not_valid_before)
    spki = leaf.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    frame = (area, area, int(party["sandbox"]))
    form = write_header(b"hongyan certification v1", spki, domain, frame) + party["key"]
    if not accepts(spki, form, signature):
        return None
    for root in certificates(roots_pem):
        if leads(leaf, shown[1:], root, at):
            return root.fingerprint(hashes.SHA256())
    return None


# ---------------------------------------------------------------- the notice


def varint(data, at):
    value, shift = 0, 0
    while True:
        refuse(at < len(data) and shift < 64, "content")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """The fields of a message of Protocol Buffers, by number; of each the last."""
    found, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        kind, number = tag & 7, tag >> 3
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            length, at = varint(data, at)
            value = data[at : at + length]
            refuse(len(value) == length, "content")
            at += length
        else:
            raise Refused("content")
        found[number] = value
    return found


def check_content(content, document, digest, sandbox):
    data = b64(content, "content")
    refuse(sha256(b"hongyan notice v1\0", data) == digest, "content")
    notice = fields(data)
    agreement = fields(notice.get(7, b""))
    name = f'{agreement.get(1, b"").decode()}/{agreement.get(2, 0)}'
    refuse(notice.get(1, b"").hex() == document["notice_id"].replace("-", ""), "content")
    refuse(notice.get(3) == document["from"].encode(), "content")
    refuse(notice.get(4) == document["to"].encode(), "content")
    refuse(bool(notice.get(11, 0)) == sandbox, "content")
    refuse(name == document["agreement"]["name"], "agreement")


# ---------------------------------------------------------------- the agreement


def check_agreement(raw, sender, receiver, sandbox, pairings):
    canonical, name, statements = members(raw, "canonical", "name", "statements")
    refuse(isinstance(name, str), "value")
    found = VERSION.fullmatch(name)
    refuse(found and isinstance(statements, list), "value")
    agreement, version = found.group(1).encode(), int(found.group(2))
    digest = None
    if canonical is not None:
        data = b64(canonical)
        begin = b"hongyan agreement v1\0" + struct.pack(">I", len(agreement)) + agreement
        refuse(data.startswith(begin + struct.pack(">I", version)), "agreement")
        digest = sha256(data)
    yes = set()
    for statement in statements:
        signed = signed_of(statement)
        by, other = (sender, receiver)
        if not any(accepts(key, *signed) for key in sender.keys):
            by, other = (receiver, sender)
        said = by.verify(signed, statement_form, 0, "signature")
        refuse(said["frame"] == (by.area, other.area, int(sandbox)), "statement")
        reader = Reader(said["statement"])
        refuse(reader.take(31) == b"hongyan agreement statement v1\0", "statement")
        reader.u8(), reader.u64()
        named = reader.take(reader.u32()), reader.u32()
        refuse(named == (agreement, version) and reader.take(32) == digest, "statement")
        reader.take(reader.u32())
        if reader.u8() in (1, 2):
            yes.add(by.name)
    if digest is not None and yes == {"sender", "receiver"}:
        return "statements"
    return "pairing" if any(pair["agreement"] == name for pair in pairings) else None


# ---------------------------------------------------------------- a file


def no_repeats(pairs):
    found = dict(pairs)
    refuse(len(found) == len(pairs), "not_evidence")
    return found


def canonical(value):
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return (text + "\n").encode()


NAMES = (
    "agreement content digest format from notice_id pairings parcel receipt receiver sandbox seal "
    "sender sequence side to"
).split()


def read(data):
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=no_repeats)
        same = canonical(document) == data
    except (ValueError, RecursionError):
        raise Refused("not_evidence") from None
    members(document, *NAMES)
    refuse(str(document["format"]).startswith("hongyan evidence v"), "not_evidence")
    refuse(document["format"] == "hongyan evidence v1", "other_format")
    refuse(same, "not_canonical")
    return document


def verify(data, roots):
    document = read(data)
    channel = (document["from"], document["to"])
    refuse(all(isinstance(area, str) and re.fullmatch("[0-9]{6}", area) for area in channel), "value")
    sandbox, sequence = document["sandbox"], document["sequence"]
    refuse(sandbox is True or sandbox is False, "not_evidence")
    refuse(type(sequence) is int and 0 <= sequence < 1 << 64, "not_evidence")
    refuse(document["side"] in ("sender", "receiver"), "not_evidence")
    refuse(isinstance(document["notice_id"], str) and ID.fullmatch(document["notice_id"]), "value")
    digest = digest_of(document["digest"])
    refuse(isinstance(document["pairings"], list), "not_evidence")
    pairings = [pairing(raw, roots) for raw in document["pairings"]]

    # Whose keys.
    identities = [members(document[name], "identity", "keys")[0] for name in ("sender", "receiver")]
    alone = identities[0] == identities[1]
    for pair in pairings:
        parties = [party["identity"] for party in pair["parties"]]
        refuse(parties in (identities, identities[::-1]), "pairing_of_others")
        refuse(all(party["sandbox"] is sandbox for party in pair["parties"]), "pairing_of_others")
    sender, receiver = (
        Node(document[name], name, channel, sandbox, pairings, alone) for name in ("sender", "receiver")
    )

    # Who wrote the file, and that it is as it was written.
    of_sender = document["side"] == "sender"
    seal = signed_of(document["seal"])
    said = (sender if of_sender else receiver).verify(seal, showing_form, 0, "signature")
    ends = channel if of_sender else channel[::-1]
    refuse(said["frame"] == (*ends, int(sandbox)), "seal")
    covered = {name: value for name, value in document.items() if name != "seal"}
    refuse(said["document"] == sha256(canonical(covered)), "changed")

    # What the sender signed.
    frame = (*channel, int(sandbox))
    parcel, void, outcome = None, None, None
    if document["parcel"] is not None:
        digests, form, signature = members(document["parcel"], "digests", "form", "signature")
        refuse(isinstance(digests, list), "not_evidence")
        digests = [digest_of(each) for each in digests]
        form = b64(form)
        parcel = sender.verify((form, b64(signature)), parcel_form, 0, "signature")
        refuse(parcel["frame"] == frame, "parcel_of_others")
        refuse(len(digests) == parcel["count"], "chain")
        refuse(chain(parcel["previous"], digests) == parcel["head"], "chain")
        if parcel["first"] == 1:
            domains = [node.domain.encode() for node in (sender, receiver)]
            name = b"".join(bytes([len(domain)]) + domain for domain in domains)
            name += channel[0].encode() + channel[1].encode() + bytes([sandbox])
            refuse(parcel["previous"] == sha256(b"hongyan channel v1\0", name), "chain")
        offset = sequence - parcel["first"]
        refuse(0 <= offset < len(digests), "outside")
        refuse(digests[offset] == digest, "digest")
        void = VOIDS.get(parcel["voids"].get(offset))

    # What the receiver signed.
    if document["receipt"] is not None:
        receipt = receiver.verify(signed_of(document["receipt"]), receipt_form, 1, "signature")
        refuse(parcel is not None, "receipt_of_others")
        answered = len(receipt["outcomes"])
        refuse(receipt["frame"] == frame and receipt["first"] == parcel["first"], "receipt_of_others")
        refuse(receipt["answers"] == sha256(b"hongyan signed form v1\0", form), "receipt_of_others")
        refuse(answered <= len(digests), "receipt_of_others")
        head = chain(parcel["previous"], digests[:answered])
        refuse(answered == 0 or head == receipt["head"], "chain")
        outcome = receipt["outcomes"][offset] if offset < answered else None
        refuse(outcome != "voided" or void is not None, "receipt_of_others")

    if document["content"] is not None:
        check_content(document["content"], document, digest, sandbox)
    agreed = check_agreement(document["agreement"], sender, receiver, sandbox, pairings)

    # How the keys are known to somebody who was not there.
    found = {}
    for pair in pairings:
        for party in pair["parties"]:
            found[party["identity"]] = party["root"]
    known = [root for root in found.values() if root is not None]
    refuse(not roots or all(root in roots for root in known), "other_root")
    return {
        "holds": True,
        "sent": parcel is not None,
        "void": void,
        "outcome": outcome,
        "content": document["content"] is not None and parcel is not None,
        "agreed": agreed,
        "roots": sorted({root.hex() for root in known}),
    }


def main(arguments):
    roots, names, listed = [], [], False
    arguments = iter(arguments)
    for argument in arguments:
        if argument == "--root":
            with open(next(arguments), encoding="utf-8") as file:
                found = certificates(file.read())
            roots += [certificate.fingerprint(hashes.SHA256()) for certificate in found]
        elif argument == "--list":
            listed = True
        else:
            names.append(argument)
    if listed:
        names = [line for name in names for line in open(name, encoding="utf-8").read().splitlines()]
    if not names:
        print(__doc__, file=sys.stderr)
        return 2
    worst = 0
    for name in names:
        with open(name, "rb") as file:
            data = file.read()
        try:
            told = verify(data, roots)
        except Refused as why:
            told, worst = {"holds": False, "code": str(why)}, 1
        except Exception as why:
            # Of another form than any file has, or a certificate of which the library knows no algorithm or
            # version (it has no common error for these): not believed either.
            told, worst = {"holds": False, "code": "not_evidence", "why": repr(why)}, 1
        print(json.dumps({"file": name, **told}))
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The order of a server that puts ChaCha20 first unless the client begins with AES-GCM.

Such a server takes a client whose first suite is not AES-GCM for one without AES in hardware (Go's
aesgcmPreferred), and the full list begins with the weakest suites. Most clients begin with AES-GCM, so their
order is the one to report; ``yields_to_chacha20`` says that there is another.
"""

from __future__ import annotations

from dataclasses import replace

from model.verdict import Preference
from probe.checks.versions_and_suites.strike_out import Ask, Pick, Struck, picked_cipher_suite
from probe.dialogue.preference import is_aes_gcm, is_chacha20, with_aes_gcm_first


async def in_order_for_aes(ask: Ask, struck: Struck) -> Struck:
    """``struck`` in the order for a client that begins with AES-GCM; unchanged if there is no such order.

    It costs one question, and one for each suite that such a client gets before ChaCha20.
    """
    left = list(struck.picks)
    picks: list[Pick] = []
    while _may_depend_on_the_client(struck.preference, left):
        offered = with_aes_gcm_first([pick.code_point for pick in left])
        exchange = await ask(offered, False)
        picked = picked_cipher_suite(exchange)
        if picked not in offered or is_chacha20(picked):
            break
        picks.append(Pick(code_point=picked, exchange=exchange))
        left = [pick for pick in left if pick.code_point != picked]
    return replace(struck, picks=(*picks, *left))


def _may_depend_on_the_client(preference: Preference, left: list[Pick]) -> bool:
    return (
        preference is Preference.SERVER
        and bool(left)
        and is_chacha20(left[0].code_point)
        and any(is_aes_gcm(pick.code_point) for pick in left)
    )

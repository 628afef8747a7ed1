"""Personal data at rest and on screen: encryption per field, keyed blind index, masks.

A field is stored encrypted under a named key and bound to its place, so a value copied into another column
does not decrypt. It is found again by a keyed index over the form the caller has normalised, shown masked.
"""

from .keyring import DataKey, DecryptionFailed, InvalidKeyring, Keyring, generate_keyring, rotate_keyring
from .masking import mask_bank_card, mask_id_officer, mask_id_public, mask_name, mask_phone, mask_text

__all__ = [
    "DataKey",
    "DecryptionFailed",
    "InvalidKeyring",
    "Keyring",
    "generate_keyring",
    "mask_bank_card",
    "mask_id_officer",
    "mask_id_public",
    "mask_name",
    "mask_phone",
    "mask_text",
    "rotate_keyring",
]

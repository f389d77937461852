"""Text that means harm to whoever lets a language model read it: finding it, and taking its force away.

Hands on :func:`neutralise`, which every place that puts document text into a prompt calls, and the parts that the
check ``hostile`` is made of.
"""

from foretune.governance.hostile.addresses import Address, addresses
from foretune.governance.hostile.characters import Disguise, disguises
from foretune.governance.hostile.instructions import Instruction, instructions
from foretune.governance.hostile.neutral import neutralise, visible

__all__ = ["Address", "Disguise", "Instruction", "addresses", "disguises", "instructions", "neutralise", "visible"]

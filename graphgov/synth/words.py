"""Words of the synthetic province: trades, bodies, and names of people and firms."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


class Trade(NamedTuple):
    """Something bodies buy.

    Args:
        code: CPV code; the first two digits are its division.
        median: Typical estimated value in CNY.
        buyers: Kinds of body that buy it most.
    """

    code: str
    title: str
    firm: str
    median: float
    buyers: tuple[str, ...]


TRADES: tuple[Trade, ...] = (
    Trade("03200000", "Vegetables and fruit", "Produce", 40_000, ("school", "hospital")),
    Trade("15100000", "Meat and poultry", "Foods", 60_000, ("school", "hospital")),
    Trade("09130000", "Fuel and heating oil", "Energy", 180_000, ("county", "agency")),
    Trade("18100000", "Work clothing", "Garments", 90_000, ("agency", "hospital")),
    Trade("22100000", "Printed matter", "Printing", 70_000, ("school", "agency")),
    Trade("24300000", "Laboratory chemicals", "Chemical", 160_000, ("hospital", "school")),
    Trade("30120000", "Copiers and office machines", "Office", 110_000, ("county", "agency")),
    Trade("30200000", "Computers", "Technology", 320_000, ("school", "agency", "city")),
    Trade("31500000", "Street and indoor lighting", "Lighting", 240_000, ("county", "township")),
    Trade("32400000", "Network equipment", "Networks", 450_000, ("city", "agency")),
    Trade("33100000", "Medical devices", "Medical", 700_000, ("hospital",)),
    Trade("33600000", "Medicines", "Pharmaceutical", 420_000, ("hospital",)),
    Trade("34100000", "Vehicles", "Automobile", 380_000, ("county", "agency", "city")),
    Trade("35100000", "Security equipment", "Security", 260_000, ("city", "agency")),
    Trade("37400000", "Sports equipment", "Sports", 120_000, ("school", "township")),
    Trade("38400000", "Measuring instruments", "Instruments", 310_000, ("agency", "hospital")),
    Trade("39100000", "Furniture", "Furniture", 130_000, ("school", "county")),
    Trade("39830000", "Cleaning products", "Daily", 45_000, ("school", "hospital")),
    Trade("44100000", "Building materials", "Materials", 280_000, ("township", "county")),
    Trade("45210000", "Building works", "Construction", 2_600_000, ("city", "county")),
    Trade("45230000", "Road works", "Roads", 3_200_000, ("county", "township", "city")),
    Trade("45240000", "Water works", "Hydraulic", 1_900_000, ("county", "township")),
    Trade("45450000", "Renovation works", "Decoration", 620_000, ("school", "hospital")),
    Trade("48000000", "Software", "Software", 480_000, ("agency", "city")),
    Trade("50100000", "Vehicle repair", "Repair", 60_000, ("agency", "county")),
    Trade("50700000", "Maintenance of buildings", "Facilities", 150_000, ("school", "city")),
    Trade("55500000", "Canteen services", "Catering", 210_000, ("school", "hospital")),
    Trade("60100000", "Transport services", "Transport", 120_000, ("county", "school")),
    Trade("64200000", "Telecommunications", "Telecom", 230_000, ("agency", "city")),
    Trade("66500000", "Insurance", "Insurance", 140_000, ("city", "county")),
    Trade("71200000", "Design of buildings", "Design", 360_000, ("city", "county")),
    Trade("71300000", "Surveying and supervision", "Surveying", 290_000, ("county", "agency")),
    Trade("72200000", "IT consulting", "Information", 400_000, ("agency", "city")),
    Trade("77300000", "Planting and parks", "Landscape", 330_000, ("township", "city")),
    Trade("79200000", "Accounting and audit", "Accounting", 80_000, ("county", "agency")),
    Trade("79300000", "Surveys and consulting", "Consulting", 170_000, ("agency", "city")),
    Trade("79700000", "Guard services", "Guard", 190_000, ("school", "hospital")),
    Trade("80500000", "Training", "Training", 75_000, ("agency", "school")),
    Trade("85100000", "Health services", "Health", 250_000, ("hospital", "county")),
    Trade("90500000", "Waste collection", "Environment", 540_000, ("township", "city")),
    Trade("90900000", "Cleaning services", "Cleaning", 160_000, ("hospital", "school")),
)

BODY_KINDS: tuple[tuple[str, float, tuple[str, ...]], ...] = (
    ("city", 0.10, ("Urban Construction Bureau", "Public Works Office", "Government Office")),
    ("county", 0.22, ("Finance Bureau", "Transport Bureau", "Water Bureau", "Government Office")),
    ("township", 0.18, ("People's Government", "Services Centre")),
    ("agency", 0.18, ("Public Security Bureau", "Data Bureau", "Market Office", "Tax Office")),
    ("school", 0.20, ("Middle School", "Primary School", "Vocational College")),
    ("hospital", 0.12, ("People's Hospital", "Chinese Medicine Hospital", "Clinic")),
)

_PLACE_A = (
    "Lin An Qing Dong Xi Nan Bei Hai Jiang Shan He Feng Long Yun Hua Tai Ning Ping Yong Chang Gu "
    "Yan Wu Shi"
)
_PLACE_B = "jiang zhou yang shan cheng xian he ling feng hu quan tang men kou ze qiao yuan an"
_BRAND_A = (
    "Heng Xin Hong Jin Tian Yuan Rui Sheng Fu De Cheng Zhong Hui Wan Li Ming Da Guang Kang Bo Jia "
    "Yi Shun Zhen Jun Qi Bao Lan Ze Ao"
)
_BRAND_B = (
    "tai da yuan feng sheng long hua xing tong fa cheng an hai ye li kang wei run chang bang jie "
    "mao ning ding xiang ke"
)
_SURNAMES = (
    "Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Lin Gao Luo Zheng "
    "Liang Xie Song Tang Deng Han Feng Cao Peng Zeng Xiao Tian Dong Pan Yuan Cai Jiang Yu Du Ye "
    "Cheng Wei Su Lu Ding Ren Yao Shen Zhong Cui Tan Fan Liao Shi Jin Jia Xia Fu Fang Bai Zou "
    "Meng Qin Qiu Hou Jing Hao Gong Shao Wan Qian Dai"
)
_GIVEN_A = (
    "Jian Xiao Wei Guo Zhi Yong Hong Li Mei Yu Ming Hai Chun Wen Zheng Jun Yan Xin Shu Rui Jia "
    "Hui Qing Bo Chang De Feng Guang Jing Kai Lan Lei Ling Nan Ping Qi Shi Tian Xue Ying"
)
_GIVEN_B = (
    "guo hua ping jun min wei qiang li feng ming hong fang jie long hui ying bin gang yan mei lin "
    "sheng chao peng xia na juan tao cheng dong yun bo liang hai rong zhen xing yi an ning"
)


def _pairs(first: str, second: str) -> list[str]:
    return [a + b for a in first.split() for b in second.split()]


def place_names(rng: np.random.Generator, count: int) -> list[str]:
    """Different names of regions; numbered when the words run out."""
    pool = _pairs(_PLACE_A, _PLACE_B)
    order = rng.permutation(len(pool))
    return [
        pool[order[i % len(pool)]] + ("" if i < len(pool) else f" {i // len(pool) + 1}")
        for i in range(count)
    ]


def person_names(rng: np.random.Generator, count: int) -> pa.Array:
    """Names of people, common surnames more often, namesakes as in life."""
    surnames = _SURNAMES.split()
    weight = 1 / np.arange(3, len(surnames) + 3)
    surname = rng.choice(len(surnames), size=count, p=weight / weight.sum())
    given = _pairs(_GIVEN_A, _GIVEN_B)
    return join(take(surnames, surname), " ", take(given, rng.integers(len(given), size=count)))


def company_names(
    rng: np.random.Generator, places: list[str], region: NDArray[np.int64], trade: NDArray[np.int64]
) -> pa.Array:
    """Names of firms: place, brand, trade, legal form."""
    brands = _pairs(_BRAND_A, _BRAND_B)
    forms = ["Co., Ltd.", "Co., Ltd.", "Trading Co., Ltd.", "Group Co., Ltd."]
    count = len(region)
    return join(
        take(places, region),
        " ",
        take(brands, rng.integers(len(brands), size=count)),
        " ",
        take([t.firm for t in TRADES], trade),
        " ",
        take(forms, rng.integers(len(forms), size=count)),
    )


def take(words: list[str], index: NDArray[np.int64]) -> pa.Array:
    """The words at some places."""
    return pa.array(words, pa.string()).take(pa.array(index))


def join(*parts: pa.Array | str) -> pa.Array:
    """Strings put together row by row."""
    return pc.binary_join_element_wise(*parts, "")


def phones(rng: np.random.Generator, count: int) -> pa.Array:
    """Made-up telephone numbers."""
    return join("0", pa.array(rng.integers(2_000_000_000, 9_999_999_999, count)).cast(pa.string()))

"""Every word the pages say themselves, once, in each language: key → (English, Chinese).

Values are filled in by `graphgov.schema.words.fill`. Sentences of flags and cases come from
the run in its own language.
"""

from collections.abc import Mapping

from graphgov.report.terms import TERMS
from graphgov.schema.words import fill

_BOTH: Mapping[str, tuple[str, str]] = {
    # the frame
    "queue": ("Cases to look at", "待查案件"),
    "lead": (
        "Leads, not verdicts: a flag is a reason to look, not a finding. "
        "What is missing here is not therefore clean.",
        "线索而非结论：红旗只说明值得查看，并非认定。未列出的并不等于没有问题。",
    ),
    "case": ("Case", "案件"),
    "back": ("All cases", "全部案件"),
    "run_line": (
        "Data as of {as_of} · run {run} · GraphGov {version}",
        "数据截至 {as_of} · 运行 {run} · GraphGov {version}",
    ),
    "noscript": (
        "This page draws its tables with a script inside the file. The same content is in "
        "cases.csv, flags.csv and case_members.csv beside the report folder.",
        "本页用文件内的脚本绘制表格。相同内容见报告文件夹旁的 cases.csv、flags.csv 与 "
        "case_members.csv。",
    ),
    "kind.cronyism": ("Personal ties", "人情关系"),
    "kind.clustering": ("Clustering", "合同集中"),
    "kind.collusion": ("Bidders among themselves", "投标人之间"),
    "kind.integrity": ("Integrity", "廉洁"),
    "kind.mixed": ("Several kinds", "多种迹象"),
    "why.collusion": ("companies whose bids look arranged", "投标行为似有安排的公司"),
    # the queue
    "search": ("Search titles, names, ids", "搜索标题、名称、编号"),
    "sort": ("Sort by", "排序"),
    "sort.rank": ("rank", "排名"),
    "sort.amount": ("amount", "金额"),
    "sort.newest": ("latest date", "最近日期"),
    "sort.flags": ("number of flags", "红旗数"),
    "sort.title": ("title", "标题"),
    "all_kinds": ("All kinds", "全部类型"),
    "all_bodies": ("All public bodies", "全部采购单位"),
    "all_flags": ("All flags", "全部红旗"),
    "min_amount": ("Amount at least", "金额不低于"),
    "only_dossiers": ("only with a dossier", "仅有案卷"),
    "shown": ("{n} of {all} cases shown", "显示 {n} / {all} 个案件"),
    "nothing": (
        "No case matches. Clear the search or the filters.",
        "没有符合的案件。请清除搜索或筛选。",
    ),
    "clear": ("Clear", "清除"),
    "no_cases": (
        "No cases in this run. Read below what could not be computed before taking that as good "
        "news.",
        "本次运行没有案件。请先阅读下方未能计算的内容。",
    ),
    "open": ("Open dossier", "打开案卷"),
    "no_dossier": (
        "no dossier: beyond the first {top}; see cases.csv",
        "无案卷：排在前 {top} 之后；见 cases.csv",
    ),
    "flags": ("Flags", "红旗"),
    "coverage": ("What could not be computed, and why", "未能计算的内容及原因"),
    "coverage.intro": (
        "Each line is one kind of flag. 'Could not be judged' means that the data did not allow "
        "it; such subjects are unknown, not clean.",
        "每行是一种红旗。「无法判断」指数据不足；这些对象属于未知，而非没有问题。",
    ),
    "cov.flag": ("Flag", "红旗"),
    "cov.subject": ("Looks at", "对象"),
    "cov.subjects": ("In the data", "数据中"),
    "cov.computable": ("Judged", "已判断"),
    "cov.not": ("Could not be judged", "无法判断"),
    "cov.flagged": ("Flagged", "有红旗"),
    "cov.why": ("Why not", "原因"),
    "rows": ("What was read", "读入的数据"),
    "rows.table": ("Table", "表"),
    "rows.in": ("Rows in", "读入行"),
    "rows.kept": ("Kept", "保留"),
    "rows.rejected": ("Put aside", "搁置"),
    "rows.repeated": ("Repeated", "重复"),
    "rejects": (
        "{n:n} rows were put aside because they could not be read; rejects.csv says which and "
        "why. {data:n} probable data errors (decimal slips, placeholders, duplicates) were kept "
        "out of all cases.",
        "{n:n} 行因无法读取而搁置；rejects.csv 说明是哪些及原因。{data:n} 处疑似数据错误"
        "（小数点错位、占位值、重复）未计入任何案件。",
    ),
    # what numbers mean
    "score": ("Score", "分数"),
    "score.tip": (
        "0 to 100: how strongly the flags of this case, taken together, ask for a look. It puts "
        "the queue in order. It is not a probability of wrongdoing.",
        "0 至 100：本案各红旗合起来多值得查看。仅用于排序，并非违规概率。",
    ),
    "points.tip": (
        "How many of the case's points come from this flag. The points of all flags add up to "
        "the score. A flag with no points speaks of the same fact as a stronger one.",
        "本案分数中来自此红旗的部分，各红旗之和等于总分。没有分数的红旗与更强的红旗说的是同一事实。",
    ),
    "chance": ("Chance alone: {p}", "纯属偶然的可能：{p}"),
    "chance.tip": (
        "How often something at least this unusual would be seen if the awards had fallen by "
        "luck, all else equal. Many things were looked at, so rare things do happen.",
        "若中标纯属运气，其他条件相同，出现至少如此不寻常情况的频率。检查的对象很多，罕见之事"
        "也会发生。",
    ),
    "chance.one_in": ("about 1 in {n:n}", "约 {n:n} 分之一"),
    "chance.often": ("more than 1 in 3", "高于三分之一"),
    "chance.tiny": ("less than 1 in a million", "不到百万分之一"),
    "certainty": ("Certainty", "确定程度"),
    "certainty.tip": (
        "How sure the weakest link is. Documented: in an official record. Declared: said by "
        "those concerned. Inferred: concluded from other data, so confirm it first.",
        "最弱一环的确定程度。有据：官方记录。申报：当事人自述。推断：由其他数据得出，应先核实。",
    ),
    "certainty.documented": ("documented", "有据"),
    "certainty.declared": ("declared", "申报"),
    "certainty.inferred": ("inferred", "推断"),
    "class.legal": ("a rule", "规则"),
    "class.tie": ("a tie", "关系"),
    "class.statistical": ("unusual numbers", "数字异常"),
    "class.anomaly": ("unlike its peers", "异于同类"),
    "class.data": ("data error", "数据错误"),
    "class.tip": (
        "What kind of observation this is: a rule, a personal or ownership tie, numbers that "
        "chance would rarely give, or a pattern unlike comparable buyers and suppliers.",
        "观察的类型：规则、个人或所有权关系、偶然极少出现的数字，或异于同类的模式。",
    ),
    # the dossier
    "why_first": ("Why this case is here", "本案为何在此"),
    "rank_line": ("Number {rank} of {all} in the queue", "队列第 {rank} 位，共 {all} 个"),
    "amount": ("Amount", "金额"),
    "period": ("Period", "期间"),
    "ranked_flags": ("Flags, strongest first", "红旗（由强到弱）"),
    "flags_hint": (
        "Choose one for its chain. +n: its part of the score; +0: the same fact as a stronger one",
        "选择一个以查看其关系链。+n：在得分中的份额；+0：与得分更高者为同一事实",
    ),
    "check_first": ("Check first", "先核实"),
    "records_n": ("{n:n} records", "{n:n} 条记录"),
    "records_1": ("1 record", "1 条记录"),
    "records_more": ("{n:n} more in flags.csv", "另有 {n:n} 条见 flags.csv"),
    "network": ("Who is tied to whom, and where the money went", "人际关系与资金去向"),
    "network.alt": (
        "Picture of the network. Everything in it is also in the tables below.",
        "关系网络图。图中内容也都在下方表格中。",
    ),
    "network.plain": ("Plain network page", "独立网络页"),
    "context": ("others around them", "周边其他主体"),
    "context.tip": (
        "Owners, signers and other suppliers that no flag rests on, for comparison.",
        "与任何红旗无关的所有人、签批人与其他供应商，供比较。",
    ),
    "fit": ("Fit", "适应窗口"),
    "timeline": ("When: awards against posts, ties and shares", "时间线：中标与任职、关系、股权"),
    "timeline.legend": (
        "◆ an award, larger = more money, red rim = a single bidder. A bar runs while a post, "
        "tie or share was in force; a pale bar has no dates; an open end fades out.",
        "◆ 一次中标，越大金额越高，红边 = 仅一家投标。横条表示任职、关系或股权的有效期；"
        "浅色无日期；未结束者渐隐。",
    ),
    "ring": ("Who competed and who won, lot by lot", "逐标：谁参加、谁中标"),
    "ring.legend": (
        "Each column is a tender in time order. Filled = won, ring = bid and lost, empty = did "
        "not bid. A pale column was won by somebody else.",
        "每列为一次招标，按时间排列。实心 = 中标，空圈 = 参投未中，"
        "空白 = 未参投。浅色列由他人中标。",
    ),
    "inspector": ("Details", "详情"),
    "inspector.empty": (
        "Choose a flag, something in the picture, or a row of a table.",
        "请选择红旗、图中对象或表格行。",
    ),
    "chain": ("Chain of ties", "关系链"),
    "ties": ("Ties: everything in the picture, in words", "关系：图中全部内容的文字说明"),
    "innocent": ("How an honest case could look the same", "清白的情况也可能如此"),
    "notes": ("Notes", "笔记"),
    "notes.hint": (
        "Your note. It stays in this browser; 'Save copy with notes' puts it into a file.",
        "您的笔记。保存在此浏览器中；「另存含笔记副本」会写入文件。",
    ),
    "status": ("Status", "状态"),
    "status.open": ("to review", "待查"),
    "status.progress": ("in progress", "进行中"),
    "status.confirmed": ("confirmed lead", "线索成立"),
    "status.dismissed": ("dismissed", "排除"),
    "save_copy": ("Save copy with notes", "另存含笔记副本"),
    "csv": ("Evidence CSV", "证据 CSV"),
    "png": ("Network PNG", "网络图 PNG"),
    "print": ("Print", "打印"),
    "awards": ("Awards", "中标"),
    "joint": ("(jointly, {n:n} companies)", "（{n:n} 家联合体）"),
    "awards.left_out": (
        "{n:n} smaller awards are not listed here; they are in the input and in the totals.",
        "另有 {n:n} 个较小的中标未列出；已计入总额。",
    ),
    "evidence": ("Evidence: the records behind it", "证据：所依据的记录"),
    "evidence.search": ("Search records", "搜索记录"),
    "evidence.selected": ("only those of the selection", "仅所选内容"),
    "people": ("Who is in it", "涉及主体"),
    "money": ("Money: who supplied these bodies", "资金：这些单位的供应商"),
    "money.one": ("Money: who supplied {body}", "资金：{body} 的供应商"),
    "money.all": ("Money: what these companies won in all", "资金：这些公司的全部中标"),
    "money.legend": (
        "Dark bar: this case's companies; grey: other suppliers of the same bodies; red line: "
        "part won as the only bidder; outline: what the company won from other bodies.",
        "深色：本案公司；灰色：同单位其他供应商；红线：仅一家投标的部分；空框：从其他单位中标。",
    ),
    "money.rest": ("{n:n} other suppliers together", "其余 {n:n} 家供应商合计"),
    "money.row": (
        "{share:pct} of the money · {awards:n} awards · {single}",
        "占 {share:pct} · {awards:n} 次中标 · {single}",
    ),
    "money.single": (
        "sole bidder in {single:n} of {counted:n}",
        "{counted:n} 次中 {single:n} 次仅一家投标",
    ),
    "money.no_count": ("number of bidders unknown", "投标家数未知"),
    "money.elsewhere": ("{amount} from other bodies", "其他单位 {amount}"),
    "col.on": ("Date", "日期"),
    "col.title": ("What was bought", "采购内容"),
    "col.body": ("Public body", "采购单位"),
    "col.company": ("Company", "公司"),
    "col.amount": ("Amount", "金额"),
    "col.bidders": ("Bidders", "投标家数"),
    "col.method": ("Procedure", "方式"),
    "col.tender": ("Tender", "招标"),
    "col.award": ("Award", "中标号"),
    "col.signers": ("Decided by", "决定人"),
    "col.kind": ("Kind", "类型"),
    "col.from": ("From", "起"),
    "col.to": ("To", "止"),
    "col.says": ("What it says", "内容"),
    "col.where": ("Where it stands", "出处"),
    "col.key": ("Record", "记录"),
    "col.name": ("Name", "名称"),
    "col.role": ("Part in it", "角色"),
    "col.known": ("What is known", "已知信息"),
    "col.subject": ("About", "主体"),
    "col.span": ("In force", "有效期"),
    "in_case": ("in a flag", "见于红旗"),
    "omitted.suppliers": (
        "{n:n} more suppliers of these bodies are not drawn; they are in the totals.",
        "另有 {n:n} 家供应商未画出；已计入总额。",
    ),
    "omitted.owners": (
        "{n:n} more owners and officers of these companies are not drawn.",
        "另有 {n:n} 位所有人与高管未画出。",
    ),
    "omitted.signers": ("{n:n} more signers are not drawn.", "另有 {n:n} 位签批人未画出。"),
    "undated": ("no dates given", "无日期"),
    "since": ("since {a}", "{a} 起"),
    "until": ("until {b}", "至 {b}"),
    "span": ("{a} to {b}", "{a} 至 {b}"),
    "unknown": ("unknown", "未知"),
    "legend": ("How to read it", "图例"),
    "legend.solid": ("documented", "有据"),
    "legend.dashed": ("declared", "申报"),
    "legend.dotted": ("inferred", "推断"),
    # kinds of thing and tie
    "part.body": ("public body", "采购单位"),
    "part.official": ("official", "官员"),
    "part.person": ("other person", "其他人"),
    "part.holding": ("holding company", "持股公司"),
    "part.company": ("company", "公司"),
    "kind.body": ("public body", "采购单位"),
    "kind.person": ("person", "人员"),
    "kind.company": ("company", "公司"),
    "kind.tender": ("tender", "招标"),
    "kind.award": ("award", "中标"),
    "kind.contract": ("contract", "合同"),
    "edge.office": ("post", "任职"),
    "edge.family": ("family", "亲属"),
    "edge.personal": ("other personal tie", "其他人际关系"),
    "edge.owns": ("ownership", "持股"),
    "edge.officer": ("company officer", "公司职务"),
    "edge.award": ("awards", "中标"),
    "edge.met": ("bid in the same tenders", "同场投标"),
    "label.award": ("{n:n} awards · {money}", "{n:n} 次中标 · {money}"),
    "label.award1": ("1 award · {money}", "1 次中标 · {money}"),
    "label.met": ("met {n:n}×", "同场 {n:n} 次"),
    "label.owns": ("owns {share}", "持股 {share}"),
    "label.owns?": ("owns a share", "持股"),
    "says.office": ("{a} held the post of {post} at {b}", "{a} 在 {b} 任 {post}"),
    "says.tie": ("{a} and {b}: {kind}", "{a} 与 {b}：{kind}"),
    "says.tie.parent": ("{a} is a parent of {b}", "{a} 是 {b} 的父母"),
    "says.tie.child": ("{a} is a child of {b}", "{a} 是 {b} 的子女"),
    "says.tie.superior": ("{a} is or was the superior of {b}", "{a} 是 {b} 的上级"),
    "says.owns": ("{a} owns {share} of {b}", "{a} 持有 {b} {share}"),
    "says.officer": ("{a} is {role} of {b}", "{a} 任 {b} {role}"),
    "says.award": ("{a} awarded {money} to {b}{title}", "{a} 授予 {b} {money}{title}"),
    "says.awards": (
        "{a} gave {b} {n:n} awards worth {money}; {single:n} of {counted:n} had one bidder",
        "{a} 授予 {b} {n:n} 次、{money}；{counted:n} 次中 {single:n} 次仅一家投标",
    ),
    "says.met": (
        "{a} and {b} bid against each other (tenders: {n:n}; won by one of the two: {won:n})",
        "{a} 与 {b} 同场投标（{n:n} 次，其中 {won:n} 次由二者之一中标）",
    ),
    "says.bid": ("{a} bid {money} in tender {b}", "{a} 在招标 {b} 报价 {money}"),
    "says.decision": ("{a} took part as {role} in {b}", "{a} 以 {role} 身份参与 {b}"),
    "says.recused": ("; recused", "；已回避"),
    "says.absent": ("record not in the data read", "所读数据中没有此记录"),
    "tie.hometown": ("same home town", "同乡"),
    "share.some": ("a share", "部分股权"),
    "network.title": ("Network of case {id}", "案件 {id} 网络"),
    "network.hint": (
        "Drag to move, wheel to zoom, point at something for its words.",
        "拖动移动，滚轮缩放，指向对象查看说明。",
    ),
}

LANGUAGES = ("en", "zh")
KEYS = frozenset(_BOTH)


class Words:
    """The strings of one language.

    Args:
        language: One of `LANGUAGES`; anything else reads as English.
    """

    def __init__(self, language: str = "en") -> None:
        self.language = language if language in LANGUAGES else "en"
        self._at = LANGUAGES.index(self.language)

    def __call__(self, key: str, **facts: object) -> str:
        """A string, filled in.

        Raises:
            KeyError: There is no such string, or it names a fact that is not given.
        """
        text = _BOTH[key][self._at]
        return fill(text, facts) if facts else text

    def value(self, word: str) -> str:
        """A word of the data model as a person says it; an unknown one as it is."""
        known = TERMS.get(word)
        return known[self._at] if known else word.replace("_", " ")

    def page(self) -> dict[str, str]:
        """All strings by key, for the scripts."""
        return {k: v[self._at] for k, v in _BOTH.items()}

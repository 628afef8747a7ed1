"""Words of the papers of repair."""

__all__ = ["CORRECTED", "EFFECTS", "ELSEWHERE", "GROUNDS", "HOW", "MATERIALS"]

GROUNDS = {
    "REP-X-1": "距列入名单或者文书作出之日未满最短期限",
    "REP-X-2": "法定市场禁入期未届满",
    "REP-X-3": "距上一次信用修复不满一年",
    "REP-X-4": "申请中弄虚作假或者故意隐瞒事实",
    "REP-X-5": "修复期间因同一原因再次受到处罚，造成不良影响",
    "REP-X-6": "法律、法规或者党中央、国务院政策文件明确规定不可修复",
}
CORRECTED = "申请修复的信息已被撤销或者更正，不再属于可修复的失信信息"
ELSEWHERE = "申请修复的信息已由{authority}准予修复（{reference}）"
HOW = {"online": "线上核查", "written": "书面核查", "on_site": "实地核查"}
MATERIALS = {
    "application": "信用修复申请书",
    "evidence": "纠正失信行为的证明",
    "commitment": "信用承诺书",
    "training_record": "信用修复培训记录",
}
EFFECTS = ["停止公示", "停止共享和使用", "解除相应管理措施", "更新信用评价结果"]

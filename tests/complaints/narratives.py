"""Narratives with the routing they must get: fifteen worked examples, each told in further ways.

All firms and people are invented. A case is (text, expected); `received_on` and `contract_end_on` where the
story depends on them.
"""

from dataclasses import dataclass
from datetime import date

JUNE = date(2026, 6, 20)


@dataclass(frozen=True)
class Case:
    name: str
    text: str
    kind: str
    categories: tuple[str, ...]
    respondent: str
    main: str | None
    others: tuple[str, ...]
    urgency: str
    level: str
    refusals: tuple[str, ...] = ()
    received_on: date = JUNE
    contract_end_on: date | None = None


def told(case: Case, name: str, text: str) -> Case:
    """The same case in other words."""
    return Case(**{**case.__dict__, "name": name, "text": text})


CASES: list[Case] = []

N01 = Case(
    "N01",
    "我和老伴在小区门口被“样例晚霞旅行社”拉去报名，三百八十元游六天，包吃包住。到了以后每天进两三家店，导游在车上说不买够五千元就别想吃晚饭，还把不买的人留在车里四十分钟。我们被逼买了一只玉镯，花了四千二百元，回来鉴定不值钱。要求退货退款，并查处这家旅行社。",
    kind="both",
    categories=("P01", "P02.1", "P02.3", "P03.2"),
    respondent="R01",
    main="WL",
    others=("WZ", "SC", "GA"),
    urgency="U2",
    level="county",
)
CASES.append(N01)
CASES.append(
    told(
        N01,
        "N01a",
        "去年底刚退休的我和老姐妹花三百元报了“演示朝阳旅行社”的五日游。结果天天逛购物店，导游威逼大家掏钱，说不消费满三千元今晚就别想回宾馆，还把没买的人堵在店里不让走。我被强迫买了条项链，花了五千元，回家一查网上同款只卖二百。请退钱，同时对这家旅行社依法查处。",
    )
)
CASES.append(
    told(
        N01,
        "N01b",
        "我参加了“虚构金秋国旅”298元的四天游，全程强制购物，司机锁上车门，不买东西不让下车。我无奈买的茶叶价格高出市场好几倍。希望退款，也要求旅游执法部门严查。",
    )
)

N02 = Case(
    "N02",
    "五月二日我参加“虚构山水国旅”的三日团，合同写明游览测试湖和木塔两个景点，结果导游说堵车，没有征求我们意见就取消了木塔，换成一家蜂蜜店，停了一个半小时。回来后旅行社只肯退四十元门票。要求按合同赔偿，并说明谁同意改的行程。",
    kind="complaint",
    categories=("P04.2", "P04.4"),
    respondent="R01",
    main="WL",
    others=(),
    urgency="U3",
    level="county",
)
CASES.append(N02)
CASES.append(
    told(
        N02,
        "N02a",
        "我们报名参加了“测试远山旅行社”的五日游，合同里明确要去示例瀑布和样本寺。第三天领队没和我们商量就砍掉了样本寺，带我们去了一家玉器店待了两个小时。希望按约定给予赔偿。",
    )
)
CASES.append(
    told(
        N02,
        "N02b",
        "5月10日我跟团，组团的是“样例云海国际旅行社”。行程单上的虚构古塔没有去成，导游擅自改成去土特产店购物一个多小时，回来只答应退三十元。请主持公道，要求旅行社赔偿损失。",
    )
)

N03 = Case(
    "N03",
    "我在“某某演示旅行网”订了六月八日的云南五日游，付款五千六百元。五月三十日因母亲住院申请退团，平台客服说要扣百分之七十，问扣在哪里又拿不出任何单据。离出发还有九天，机票都没有出票。请帮助核实实际损失并退还余款。",
    kind="complaint",
    categories=("P07.1", "P14.1"),
    respondent="R10",
    main="WL",
    others=(),
    urgency="U3",
    level="county",
)
CASES.append(N03)
CASES.append(
    told(
        N03,
        "N03a",
        "我通过“示例出行网”订了海边四日游，付了4800元。出发前十天我因为要动手术没法成行，提出退订，平台要扣除六成费用，又不肯给出实际损失的凭证。请求退回合理的余款。",
    )
)
CASES.append(
    told(
        N03,
        "N03b",
        "在“虚构假期旅游网”上买了六日游，老人生病去不了，申请取消行程，客服称要扣80%手续费。机票酒店都还没确认，请退还剩余款项。",
    )
)

N04 = Case(
    "N04",
    "我们一行六人在“示例草原旅行社”报名参加七月的七日游，五月付了全款两万一千元。昨天去门市发现大门紧锁，电话关机，群也解散了，听说还有几十个客人一样找不到人。请尽快查找老板，并用保证金退我们的钱。我们推选我和王某某作代表。",
    kind="complaint",
    categories=("P17",),
    respondent="R01",
    main="WL",
    others=("GA",),
    urgency="U1",
    level="city",
)
CASES.append(N04)
CASES.append(
    told(
        N04,
        "N04a",
        "“演示北国旅行社”收了我们全家五个人三万元团费，八月出发。今天老板电话停机，店也人去楼空，业务员把我们都拉黑了，还有好多客人被骗。请帮我们把钱追回来。",
    )
)
CASES.append(
    told(
        N04,
        "N04b",
        "我们在“样本大漠国旅”交了一万八的团款，定在下个月的六日游。公司突然失联，门店关门，微信群里上百个客人都联系不上负责人，疑似卷款跑路，要求退款。",
    )
)

N05 = Case(
    "N05",
    "我是“假想峡谷国旅”的计调，公司长期把客人卖给地接社，团费只收成本的三成，靠购物店返点补，台账我都有复印件。公司还借用别人的许可证在外县开门市。请不要透露我的身份，整个部门只有两个人，一说细节老板就知道是谁。",
    kind="report",
    categories=("P01", "P16.3"),
    respondent="R01",
    main="WZ",
    others=(),
    urgency="U2",
    level="city",
)
CASES.append(N05)
CASES.append(
    told(
        N05,
        "N05a",
        "我在“测试海湾旅行社”上班，做财务。社里一直用低于成本的价格收客，靠购物店返佣来赚钱，还把牌照出借，让人在邻县挂靠开了营业部。请为我保密，千万不要泄露我是谁，怕打击报复。",
    )
)
CASES.append(
    told(
        N05,
        "N05b",
        "本人是“虚构天路国旅”的业务员，向你们举报：公司常年零负团费收客，靠进店回扣填窟窿，并租用他社许可证在外县设门店揽客。请替我的身份保密。",
    )
)

N06 = Case(
    "N06",
    "我去“测试古城”旅游，在景区外一条街的水果店买切好的芒果，标价八元，结账时说是一两八元，一共收了九十六元。我不给钱，店里出来三个人围着我不让走，最后扫码付了款。我有付款截图和标价牌照片，请市场监管部门处理，并退还多收的钱。",
    kind="complaint",
    categories=("P03.2",),
    respondent="R12",
    main="SC",
    others=("GA",),
    urgency="U2",
    level="county",
    refusals=("R3",),
)
CASES.append(N06)
CASES.append(
    told(
        N06,
        "N06a",
        "在“示例老街”景区门口的一家特产店买牛肉干，牌子上标的是三十元，结账却变成按两算，收了我二百四十元。店主叫来两个人拦着我不让走，只好付钱。要求把多收的钱退给我。",
    )
)
CASES.append(
    told(
        N06,
        "N06b",
        "我逛“演示古镇”时在路边的珠宝店买手串，没有明码标价，称重后要我一千二，明显价格欺诈，我要求退款，店员堵住门口不许我离开。",
    )
)

N07 = Case(
    "N07",
    "四月一日我在外地结束了跟团游，因为酒店降档一直跟“虚拟星河旅行社”商量，对方拖到今天还是不赔。今天是七月二十日，我才来投诉，要求退还酒店差价一千二百元，并赔礼道歉。合同、行程单和酒店照片都在，对方一直用微信答应处理，聊天记录也有。",
    kind="complaint",
    categories=("P06.1",),
    respondent="R01",
    main="WL",
    others=(),
    urgency="U3",
    level="county",
    refusals=("R4",),
    received_on=date(2026, 7, 20),
)
CASES.append(N07)
CASES.append(
    told(
        N07,
        "N07a",
        "三月二十八日我跟“样例晨光旅行社”的团结束返程，合同写四星酒店实际安排的是快捷酒店。旅行社一直拖着不解决，我今天才来反映，要求退差价八百元并道歉。",
    )
)
CASES.append(
    told(
        N07,
        "N07b",
        "我参加“测试长河国旅”的旅游团，行程在2026年4月3日就结束了，住宿比合同约定的低了两个档次，当时他们答应补偿，到现在也没有给，请求赔偿。",
    )
)

N08 = Case(
    "N08",
    "上周在“样本雪域滑雪场”滑初级道，我按规定戴了头盔，还是被无人看管的雪圈撞倒，手腕骨折，做了手术。场地没有围挡，也没有巡护员，当天还照样放人。景区只肯出五百元慰问金。现在住院费已经两万三千元，要求承担医疗费，并查一查安全管理。",
    kind="both",
    categories=("P15", "P20"),
    respondent="R06",
    main="WL",
    others=("YJ", "TY"),
    urgency="U1",
    level="county",
)
CASES.append(N08)
CASES.append(
    told(
        N08,
        "N08a",
        "我在“虚构飞瀑乐园”玩漂流，皮筏侧翻撞到石头，小腿骨折，缝了八针。现场没有救生员，也没有任何警示。园方只愿意给一千元。要求赔偿医药费，并请有关部门查处安全隐患。",
    )
)
CASES.append(
    told(
        N08,
        "N08b",
        "昨天在“演示云顶滑雪场”，雪道旁没有防护网，我被失控的雪圈撞伤，膝盖韧带断裂住院。请求承担全部治疗费用，同时查一下他们的安全措施。",
    )
)

N09 = Case(
    "N09",
    "我在“演示航空”官网买的机票，航班因天气取消，客服先说七个工作日退，现在过了二十天还没到账，再打电话总是占线。机票两张，共一千八百六十元，不是旅行社订的，也没有参团。请帮我催退款，或者告诉我应该找哪个部门投诉。",
    kind="complaint",
    categories=("P12.3", "P14.1"),
    respondent="R15",
    main="MH",
    others=(),
    urgency="U3",
    level="county",
    refusals=("R3",),
)
CASES.append(N09)
CASES.append(
    told(
        N09,
        "N09a",
        "我自己在航空公司的小程序上买了两张机票，后来航班取消，客服承诺十天内退款，可一个月了钱还没有到账。我没有跟团。请督促退款。",
    )
)
CASES.append(
    told(
        N09,
        "N09b",
        "我从“虚构远航航空”官网订的票，因为航班大面积延误我申请退票，一直拒不退款，跟旅行社没有关系，请问该找谁，希望退回一千二百元。",
    )
)

N10 = Case(
    "N10",
    "带团的“虚构导游小张”全程态度很差，第二天把我们扔在停车场两个小时自己不见了，问他还骂人。到机场又挨个要小费，每人五十，不给就不发登机牌。我们没看到他的导游证。要求旅行社道歉赔钱，把这个人查清楚。",
    kind="both",
    categories=("P08.1", "P08.2", "P08.3", "P08.4"),
    respondent="R04",
    main="WL",
    others=("WZ",),
    urgency="U2",
    level="county",
)
CASES.append(N10)
CASES.append(
    told(
        N10,
        "N10a",
        "“样例导游老李”一路上对我们骂骂咧咧，态度恶劣，在第三天中途离开，把全团丢在服务区一个多小时。最后还向每个人索要五十元小费。他从没出示过导游证。请旅行社给我们道歉赔偿，并查处这个导游。",
    )
)
CASES.append(
    told(
        N10,
        "N10b",
        "带我们的“测试领队小赵”阴阳怪气、辱骂老人，半路擅自离团不见踪影，回来还讨要辛苦费，不给就甩脸。没有佩戴导游证。要求退一部分团费，并严肃查处。",
    )
)

N11 = Case(
    "N11",
    "六月六日在“示例云栖民宿”住了两晚，订房页面写着独立卫浴、江景大床，到店是半地下室，墙上有霉斑，被单有污迹，老板说图片是隔壁的。平台让我找商家，商家让我找平台。要求退一半房费，并让平台下架这条假图片。",
    kind="complaint",
    categories=("P10.1", "P10.2"),
    respondent="R09",
    main="WL",
    others=("SC", "WJ"),
    urgency="U3",
    level="county",
)
CASES.append(N11)
CASES.append(
    told(
        N11,
        "N11a",
        "在“测试竹林客栈”住了三晚，网页介绍是湖景房，到了却是没有窗户的地下室，浴室有头发和蟑螂。平台和老板互相推，要求退还房费。",
    )
)
CASES.append(
    told(
        N11,
        "N11b",
        "我订的“演示山居民宿”与平台图片严重不符，房间异味很大，被褥不干净。房东不认账，请求退款一半。",
    )
)

N12 = Case(
    "N12",
    "去年端午我们公司组织二十八人在“样例天池景区”游览，三天前景区突然限流不让进，只退门票，车费和导游费没人管。这件事我们已经向景区所在地法院起诉，上周刚开过庭。现在再向你们投诉，希望你们先调解，把车费赔给我们。",
    kind="complaint",
    categories=("P11.3",),
    respondent="R05",
    main="WL",
    others=(),
    urgency="U3",
    level="county",
    refusals=("R1", "R4"),
)
CASES.append(N12)
CASES.append(
    told(
        N12,
        "N12a",
        "去年国庆我们单位组织二十人去“虚构峡湾景区”，因为限流没能入园，租车费白花了。法院已经立案受理了我们的起诉。现在还想请你们出面调解，让景区赔偿。",
    )
)
CASES.append(
    told(
        N12,
        "N12b",
        "去年五一在“样本灵山景区”玩，人太多进不去，景区只退票。我们上个月已经提起诉讼，判决还没下来，再投诉到你们这里，要求赔交通费。",
    )
)

N13 = Case(
    "N13",
    "我妈妈六十九岁，被“假想夕阳康养俱乐部”以免费旅游为名带到郊区宾馆，连着听了两天讲座，买了一万三千元的保健品，回来发现没有执照，也不是旅行社。老人血压已经高了，请先把人和钱追回来，再查这家俱乐部是不是非法经营旅行社。",
    kind="both",
    categories=("P16.1", "P03", "P18"),
    respondent="R17",
    main="SC",
    others=("WZ", "GA"),
    urgency="U1",
    level="county",
)
CASES.append(N13)
CASES.append(
    told(
        N13,
        "N13a",
        "我父亲七十二岁，被“演示长青健康中心”用免费旅游骗去郊区听养生讲座，花两万元买了床垫和保健品。查了一下他们没有任何旅行社资质。老人一回来就头晕血压升高，请帮我们追回货款，并取缔这个非法组团的机构。夕阳红老人团里还有不少人。",
    )
)
CASES.append(
    told(
        N13,
        "N13b",
        "“虚构银龄俱乐部”说是带老年人免费去旅游，实际是推销。我母亲六十八岁，被忽悠买了一万多元的保健食品。他们不是旅行社，也没有许可证。老人现在胸闷，心脏不舒服。要求退款，请查处这个俱乐部。",
    )
)

N14 = Case(
    "N14",
    "我们五个人在“测试木屋酒店”预订了国庆四间房，每晚四百八十元，平台已确认付款。离入住还有三天，商家打电话说系统出错，要么每晚加六百元，要么取消。平台客服说只能退房费。现在周边都涨到一千二，要求按原价入住或赔差价。",
    kind="complaint",
    categories=("P10.3", "P10.4"),
    respondent="R08",
    main="WL",
    others=("SC",),
    urgency="U1",
    level="county",
    received_on=date(2026, 9, 28),
)
CASES.append(N14)
CASES.append(
    told(
        N14,
        "N14a",
        "我们四个人在“演示湖畔酒店”订了春节的三间房，平台显示已确认。后天就要入住了，前台来电说超售，要么每间再加八百元，要么退订。周边价格都涨疯了，要求按原来的价格安排入住。",
    )
)
CASES.append(
    told(
        N14,
        "N14b",
        "五一在“样例观海宾馆”预订的房间，距入住只有两天，商家说系统错误单方取消，除非加价五百元一晚。请求按原价履行或者赔偿差价。",
    )
)

N15 = Case(
    "N15",
    "我在景区售票窗口问老人优待，工作人员说系统坏了不能打折，让我排队半小时，最后只能买全价票，我今年六十六岁，带了身份证。景区主管单位的人来了不但不道歉，还说我挑事，听口气是局里的干部。要求退四十元差价，并处理这个干部。",
    kind="complaint",
    categories=("P21", "P90"),
    respondent="R05",
    main="WL",
    others=("JQ", "ZJ"),
    urgency="U3",
    level="county",
)
CASES.append(N15)
CASES.append(
    told(
        N15,
        "N15a",
        "我带七十岁的老母亲去“虚构石佛景区”，出示身份证要求半价优待，售票员说系统坏了只能买全价票。后来景区管理单位的领导过来，不但不解决还训斥我们。要求退还三十元差额，并处理这名干部的作风。",
    )
)
CASES.append(
    told(
        N15,
        "N15b",
        "老人凭老年证到“演示龙潭景区”买票，窗口拒绝打折，只好付全价。旁边一位局里的干部说我们是故意挑事，官气十足。要求退回差价，处分这个官员。",
    )
)

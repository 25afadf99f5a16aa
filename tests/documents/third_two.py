"""The other documents of the third set: projects and layouts of their own. All names and figures are made up."""

from __future__ import annotations

from tests.documents.builders import H, Made, P, T

DOCUMENTS = [
    Made(
        "会议纪要.docx",
        [
            P("关于晋阳智造无人机整机项目的会商纪要"),
            P(
                "会议听取了招商局关于晋阳智造无人机整机项目的汇报。会议认为，该项目属于我市低空经济产业链的强链项目，符合高新区龙城片区主导产业方向。"
            ),
            P(
                "项目由晋阳翼翔航空科技有限公司投资，总投资6.8亿元，固定资产投资不低于5亿元，拟用地95亩。"
            ),
            P(
                "自然资源局提出，项目用地符合国土空间总体规划；该片区工业用地控制指标为固定资产投资强度不低于320万元/亩，请企业对照落实。"
            ),
            P("科技局提出，企业整机技术为自主研发，技术就绪度达到9级，装备达到国际先进水平。"),
            P("生态环境局提出，项目符合生态环境分区管控要求，应编制环境影响报告表。"),
            P("税务局提出，按企业测算年税收3600万元，亩均税收37.9万元，高于我市30万元的准入标准。"),
        ],
        {
            "project_name": "晋阳智造无人机整机项目",
            "enterprise_name": "晋阳翼翔航空科技有限公司",
            "chain_role": "strengthens",
            "chain_name": "低空经济产业链",
            "zone": "龙城片区",
            "total_investment": "68000",
            "fixed_asset_investment": ("approximate", "50000"),
            "land_area": "95",
            "planning_conformity": True,
            "technology_source": "own",
            "technology_readiness": "9",
            "equipment_level": "international",
            "zoning_conformity": "conforms",
            "eia_class": "form",
            "annual_tax": "3600",
        },
        {"annual_tax": ["37.9", "30"], "fixed_asset_investment": ["320"]},
    ),
    Made(
        "备案申请.pdf",
        [
            H("企业投资项目备案信息"),
            T(
                [
                    ["项目代码", "2503-340200-04-01-118822", "项目名称", "年产5万套医用内窥镜项目"],
                    ["项目法人", "芜江视界医疗器械有限公司", "经济类型", "私营有限责任公司"],
                    ["建设地址", "芜江高新区弋南片区", "建设性质", "扩建"],
                    ["国标行业", "医疗诊断、监护及治疗设备制造", "行业代码", "C3581"],
                    ["总投资（万元）", "21500", "含外汇（万美元）", "0"],
                    [
                        "固定资产投资（万元）",
                        "18600",
                        "资金来源",
                        "企业自筹18000万元，已到位；银行贷款3500万元",
                    ],
                    ["新增用地（亩）", "28", "总建筑面积（平方米）", "31200"],
                    ["计划开工时间", "2025年6月", "计划竣工时间", "2026年11月"],
                    ["年新增产值（万元）", "42000", "年新增税收（万元）", "2650"],
                ]
            ),
            P("备案机关：芜江高新区经济运行局。备案日期：2025年3月21日。"),
        ],
        {
            "project_name": "年产5万套医用内窥镜项目",
            "enterprise_name": "芜江视界医疗器械有限公司",
            "investor_kind": "private",
            "zone": "弋南片区",
            "construction_kind": "expansion",
            "industry_code": "C3581",
            "total_investment": "21500",
            "fixed_asset_investment": "18600",
            "funds_in_place": "18000",
            "land_area": "28",
            "floor_area": "31200",
            "annual_output": "42000",
            "annual_tax": "2650",
        },
        {"funds_in_place": ["3500", "21500"], "submitted_on": ["2025-03-21"]},
    ),
    Made(
        "可研摘要.pdf",
        [
            H("第一章 概述"),
            P(
                "滇中绿源生物科技股份有限公司拟实施高纯植物提取物生产线技术改造项目。公司成立于2008年5月26日，2022年在北交所上市，系上市公司。"
            ),
            P(
                "项目估算总投资为18,760.00万元，其中固定资产投资15,920.00万元，铺底流动资金2,840.00万元；设备投资9,315.60万元。项目资本金9,000万元已落实到位，其余申请银行贷款。"
            ),
            H("第二章 市场"),
            P(
                "2023年国内植物提取物市场规模达到约420亿元，行业产能利用率约72%。公司目标市场占有率0.5%。目前在手订单约占达产收入的35%。"
            ),
            H("第三章 效益"),
            P(
                "项目达产年可实现营业收入26,400万元，年均利润总额3,310万元，年均上缴税金1,920万元；净利润2,813.5万元；年研发费用1,150万元。新增劳动定员95人，其中技术人员20人。"
            ),
            P("公司2023年实现营业收入11.8亿元，纳税6,800万元，员工1,260人。"),
            H("第四章 能源环境"),
            P(
                "项目年综合能耗2,205.8吨标准煤（当量值），其中电力860万千瓦时，天然气120万立方米。年用新鲜水15.2万立方米。项目环评类别为报告表，不属于“两高”项目。"
            ),
        ],
        {
            "enterprise_name": "滇中绿源生物科技股份有限公司",
            "enterprise_founded_on": "2008-05-26",
            "investor_kind": "listed",
            "construction_kind": "renovation",
            "total_investment": "18760",
            "fixed_asset_investment": "15920",
            "equipment_investment": "9315.6",
            "funds_in_place": "9000",
            "market_size": ("approximate", "4200000"),
            "capacity_utilisation": ("approximate", "72"),
            "market_share_planned": "0.5",
            "orders_in_hand": ("approximate", "35"),
            "annual_revenue": "26400",
            "annual_profit": "3310",
            "annual_tax": "1920",
            "rd_expense": "1150",
            "employees": "95",
            "annual_energy": "2205.8",
            "annual_electricity": "860",
            "annual_water": "152000",
            "eia_class": "form",
            "two_high": False,
        },
        {
            "annual_revenue": ["118000"],
            "annual_tax": ["6800"],
            "employees": ["1260"],
            "annual_profit": ["2813.5"],
        },
    ),
    Made(
        "招商信息表.xlsx",
        [
            T(
                [
                    ["在谈项目信息表", "<", "<", "<", "<", "<"],
                    [
                        "项目名称",
                        "精密减速器生产基地项目",
                        "<",
                        "<",
                        "投资方",
                        "辽海谐动传动有限公司",
                    ],
                    ["投资情况", "总投资（万元）", "52000", "固定资产投资（万元）", "41000", ""],
                    ["用地情况", "用地面积（亩）", "88", "容积率", "1.6", ""],
                    ["效益情况", "年产值（万元）", "93000", "年税收（万元）", "4100", ""],
                    ["效益情况", "用工（人）", "380", "研发人员（人）", "75", ""],
                    ["资质情况", "发明专利（件）", "28", "企业资质", "制造业单项冠军", ""],
                    ["备注", "企业现有厂区用地60亩，年产值4亿元。", "<", "<", "<", "<"],
                ]
            ),
        ],
        {
            "project_name": "精密减速器生产基地项目",
            "enterprise_name": "辽海谐动传动有限公司",
            "total_investment": "52000",
            "fixed_asset_investment": "41000",
            "land_area": "88",
            "plot_ratio": "1.6",
            "annual_output": "93000",
            "annual_tax": "4100",
            "employees": "380",
            "rd_staff": "75",
            "invention_patents": "28",
            "enterprise_grade": "national_champion",
        },
        {"land_area": ["60"], "annual_output": ["40000"]},
    ),
    Made(
        "微信简讯gbk.txt",
        [
            P("【项目快报】川蜀凌空新材料（成眉）有限公司投资的碳化硅纤维项目今日开工"),
            P("占地面积：86亩"),
            P("总投资：12.6亿"),
            P("固定资产投资：10亿元（不含土地）"),
            P("建设内容：新建厂房及辅助用房5.8万㎡"),
            P("年产值：21亿元；税收：约9000万元"),
            P("就业：350个岗位"),
            P("预计2026年底建成投产"),
        ],
        {
            "enterprise_name": "川蜀凌空新材料（成眉）有限公司",
            "land_area": "86",
            "total_investment": "126000",
            "fixed_asset_investment": "100000",
            "floor_area": "58000",
            "annual_output": "210000",
            "annual_tax": ("approximate", "9000"),
            "employees": "350",
        },
    ),
    Made(
        "征求意见函.docx",
        [
            P("关于征求闽东海工装备铸锻件项目准入意见的函"),
            P("各有关单位："),
            P(
                "闽东海锻重工有限公司（地方国有控股企业）拟利用其位于湾坞片区的自有土地建设海工装备铸锻件项目，不新增建设用地。项目总投资8.9亿元，属扩建。"
            ),
            P(
                "项目年耗煤1.2万吨，煤炭消费按1.1倍减量替代；年综合能源消费量2.86万吨标准煤（当量值），属于“两高”项目，节能审查已取得批复。产能置换比例1.25:1。"
            ),
            P("该企业曾于2021年因环保问题被处罚，已完成整改。"),
            P(
                "根据《湾坞片区产业准入办法》，入驻项目总投资不得低于5亿元，亩均税收不得低于25万元。"
            ),
            P("请于2025年5月10日前书面反馈意见。"),
        ],
        {
            "enterprise_name": "闽东海锻重工有限公司",
            "investor_kind": "local_soe",
            "zone": "湾坞片区",
            "land_use_mode": "own_land",
            "total_investment": "89000",
            "construction_kind": "expansion",
            "annual_coal": "12000",
            "coal_substitution_ratio": "1.1",
            "annual_energy": "28600",
            "two_high": True,
            "energy_review": "passed",
            "capacity_replacement_ratio": "1.25",
        },
        {"total_investment": ["50000"], "submitted_on": ["2025-05-10"]},
    ),
    Made(
        "对比表.docx",
        [
            H("扩建前后主要指标对比"),
            P("项目名称：桂南食用菌精深加工扩建项目"),
            T(
                [
                    ["指标", "扩建前", "扩建新增", "扩建后"],
                    ["总投资（万元）", "6200", "8400", "14600"],
                    ["建筑面积（平方米）", "11000", "15600", "26600"],
                    ["年产值（万元）", "9000", "16800", "25800"],
                    ["年税收（万元）", "310", "620", "930"],
                    ["职工人数（人）", "120", "150", "270"],
                    ["年用电量（万kWh）", "180", "265", "445"],
                ]
            ),
            P("扩建部分用地30亩，利用企业原厂区预留地，不新征土地。"),
        ],
        {
            "project_name": "桂南食用菌精深加工扩建项目",
            "total_investment": "8400",
            "floor_area": "15600",
            "annual_output": "16800",
            "annual_tax": "620",
            "employees": "150",
            "annual_electricity": "265",
            "land_use_mode": "own_land",
        },
        {"total_investment": ["6200", "14600"], "employees": ["120", "270"]},
    ),
    Made(
        "矛盾材料.docx",
        [
            P("项目名称：陇东智能农机装备制造项目"),
            P("建设单位：陇东丰禾农机有限公司"),
            P("项目总投资3.6亿元，用地面积75亩，劳动定员280人。"),
            H("投资估算"),
            P("经估算，项目总投资为3.8亿元，其中固定资产投资3.1亿元。"),
            H("用地"),
            P("项目占地面积50000平方米（75亩）。"),
            H("人员"),
            P("项目定员300人，年均工资6万元。"),
        ],
        {
            "project_name": "陇东智能农机装备制造项目",
            "enterprise_name": "陇东丰禾农机有限公司",
            "total_investment": ("conflicting", "36000"),
            "fixed_asset_investment": "31000",
            "land_area": "75",
            "employees": ("conflicting", "280"),
        },
    ),
    Made(
        "参观接待词.txt",
        [
            P("各位领导，我们现在看到的是湘中医药冷链物流项目工地。"),
            P("项目由湘中康达供应链有限公司投资4.2亿元建设，占地110亩，计划工期2年。"),
            P("建成后年营业收入可达15亿元，缴税约4500万元，解决就业六百人。"),
            P("隔壁是去年投产的某食品企业，投资2亿元，年产值3亿元，用工200人。"),
            P("我们全市同类项目平均亩均税收是28万元。"),
        ],
        {
            "enterprise_name": "湘中康达供应链有限公司",
            "total_investment": "42000",
            "land_area": "110",
            "construction_months": "24",
            "annual_tax": ("approximate", "4500"),
            "employees": "600",
        },
        {"total_investment": ["20000"], "annual_output": ["30000"], "employees": ["200"]},
    ),
    Made(
        "政策问答.md",
        [
            H("某市工业项目准入政策问答"),
            P("问：入园项目要达到什么条件？"),
            P(
                "答：固定资产投资不低于1亿元，亩均税收不低于25万元/亩，容积率不低于1.2，建筑系数不低于40%。"
            ),
            P("问：什么企业优先？"),
            P(
                "答：高新技术企业、专精特新“小巨人”企业优先；列入失信名单的企业不得入园。属于“两高”项目的一律不予受理。"
            ),
        ],
        {},
        {
            "fixed_asset_investment": ["10000"],
            "plot_ratio": ["1.2"],
            "building_coefficient": ["40"],
            "enterprise_grade": ["high_tech", "specialised_giant"],
            "dishonest_enterprise": [True],
            "two_high": [True],
        },
    ),
    Made(
        "二期申请.docx",
        [
            P("关于申请鄂西锂电隔膜项目二期入驻的报告"),
            P(
                "鄂西锂电隔膜项目（二期）由鄂西锐膜新材料有限公司实施。一期项目总投资10亿元，用地120亩，已于2023年投产，年产值8亿元，职工460人。"
            ),
            P(
                "二期项目总投资15亿元，固定资产投资13亿元，新增用地140亩，总建筑面积12.5万平方米，建设期24个月；二期达产后新增年产值22亿元、税收1.05亿元，新增员工520人。"
            ),
            P("一、二期合计总投资25亿元，合计年产值30亿元。"),
        ],
        {
            "enterprise_name": "鄂西锐膜新材料有限公司",
            "total_investment": "150000",
            "fixed_asset_investment": "130000",
            "land_area": "140",
            "floor_area": "125000",
            "construction_months": "24",
            "annual_output": "220000",
            "annual_tax": "10500",
            "employees": "520",
        },
        {
            "total_investment": ["100000", "250000"],
            "land_area": ["120"],
            "annual_output": ["80000", "300000"],
            "employees": ["460"],
        },
    ),
    Made(
        "外资意向书.docx",
        [
            H("投资意向书"),
            P(
                "投资方：Kolberg Surface Technology GmbH（德国）拟在中国设立新设项目公司，投资建设金属表面处理剂生产项目。"
            ),
            P("项目总投资3000万美元，注册资本1200万美元。"),
            P("需租赁标准厂房6,500平方米，用工90人，年产值2.8亿元人民币，年纳税1,900万元。"),
            P("技术由德国母公司许可引进。设备为国际先进水平。"),
        ],
        {
            "land_use_mode": "leased_plant",
            "plant_area": "6500",
            "employees": "90",
            "annual_output": "28000",
            "annual_tax": "1900",
        },
        {"total_investment": ["3000"], "registered_capital": ["1200"]},
    ),
]

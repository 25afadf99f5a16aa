"""Part two of the sixth set. All names and figures are made up."""

from __future__ import annotations

from tests.documents.builders import H, Made, P, T

DOCUMENTS = [
    Made(
        "区县月报.xlsx",
        [
            P("××县2025年9月招商项目推进月报"),
            T(
                [
                    [
                        "序号",
                        "项目名称",
                        "企业名称",
                        "建设内容及规模",
                        "总投资（亿元）",
                        "已完成投资（亿元）",
                        "占地（亩）",
                        "预计税收（万元）",
                        "进展",
                    ],
                    [
                        "1",
                        "碳陶刹车盘项目",
                        "湘安碳陶科技有限公司",
                        "建设年产30万片生产线，新建厂房2.4万平方米",
                        "4.5",
                        "0.6",
                        "65",
                        "1800",
                        "签约",
                    ],
                    [
                        "2",
                        "富硒茶饮料项目",
                        "湘安茗缘饮品有限公司",
                        "租赁标准厂房1.1万平方米，建设3条灌装线",
                        "1.2",
                        "0",
                        "—",
                        "450",
                        "在谈",
                    ],
                    [
                        "3",
                        "废旧轮胎循环利用项目",
                        "湘安再生资源有限公司",
                        "年处理10万吨；属限制类，需调整方案",
                        "2.8",
                        "0",
                        "90",
                        "约700",
                        "论证",
                    ],
                    ["小计", "", "", "", "8.5", "0.6", "155", "2950", ""],
                ]
            ),
        ],
        {},
        {"total_investment": ["85000", "6000"], "annual_tax": ["2950"]},
        {
            "碳陶刹车盘项目": {
                "enterprise_name": "湘安碳陶科技有限公司",
                "total_investment": "45000",
                "land_area": "65",
                "annual_tax": "1800",
                "floor_area": "24000",
            },
            "富硒茶饮料项目": {
                "enterprise_name": "湘安茗缘饮品有限公司",
                "total_investment": "12000",
                "annual_tax": "450",
                "plant_area": "11000",
                "land_use_mode": "leased_plant",
            },
            "废旧轮胎循环利用项目": {
                "enterprise_name": "湘安再生资源有限公司",
                "total_investment": "28000",
                "land_area": "90",
                "annual_tax": ("approximate", "700"),
                "catalogue_class": "restricted",
            },
        },
    ),
    Made(
        "新闻稿.html",
        [
            H("总投资30亿元！这个半导体项目落户"),
            P(
                "本报讯 8月28日，江淮市人民政府与苏芯微电子（集团）股份有限公司签署投资协议，功率半导体封测基地项目落户江淮高新区芯谷片区。"
            ),
            P(
                "项目总投资约30亿元，固定资产投资不低于24亿元，规划用地200亩，分三期实施。项目全部达产后，年产值将突破40亿元，年税收超过2亿元，提供就业岗位1500余个。"
            ),
            P(
                "苏芯微电子成立于2005年，是全国制造业单项冠军企业，在深圳证券交易所上市，有效发明专利286件，2024年研发投入4.9亿元。"
            ),
            P("江淮高新区目前集聚半导体企业58家，上半年产值146亿元。"),
        ],
        {
            "project_name": "功率半导体封测基地项目",
            "enterprise_name": "苏芯微电子（集团）股份有限公司",
            "zone": "芯谷片区",
            "total_investment": ("approximate", "300000"),
            "fixed_asset_investment": ("approximate", "240000"),
            "land_area": "200",
            "annual_output": ("approximate", "400000"),
            "annual_tax": ("approximate", "20000"),
            "employees": ("approximate", "1500"),
            "enterprise_grade": "national_champion",
            "investor_kind": "listed",
            "invention_patents": "286",
            "rd_expense": "49000",
        },
        {"annual_output": ["1460000"], "total_investment": ["300000"]},
    ),
    Made(
        "嵌套自述.docx",
        [
            P("拟投资项目基本情况"),
            P("项目名称：植物基蛋白饮品项目　　投资人：香港绿源食品集团有限公司（港资）"),
            P("投资总额：2,800万美元（折合人民币2亿元，按1:7.14计）；注册资本：1000万美元。"),
            P("用地：不新增用地，收购原佳美食品厂闲置厂房及土地36亩，其中厂房1.5万平方米。"),
            P(
                "产品方案：年产植物蛋白饮品6万吨；年销售收入3.6亿元，年利税7000万元，其中税金2600万元。"
            ),
            P(
                "用工：120至150人。能耗：电力620万kWh/a，天然气180万m3/a，水14万t/a，折标煤3,120吨。"
            ),
            P(
                "政策依据：《××县招商引资办法》规定，固定资产投资5000万元以上、亩均税收10万元以上的项目可享受奖励。"
            ),
            P("诉求：希望县里给予设备补贴800万元。"),
        ],
        {
            "project_name": "植物基蛋白饮品项目",
            "enterprise_name": "香港绿源食品集团有限公司",
            "investor_kind": "foreign",
            "total_investment": "20000",
            "land_area": "36",
            "land_use_mode": "stock_land",
            "annual_revenue": "36000",
            "annual_tax": "2600",
            "employees": ("range", "120"),
            "annual_electricity": "620",
            "annual_water": "140000",
            "annual_energy": "3120",
            "subsidy_requested": "800",
        },
        {
            "total_investment": ["2800"],
            "registered_capital": ["1000"],
            "annual_tax": ["7000", "10"],
            "fixed_asset_investment": ["5000"],
            "annual_profit": ["7000"],
        },
    ),
]

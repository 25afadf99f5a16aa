"""The first ten documents of the third set: projects and layouts of their own. All names and figures are made up."""

from __future__ import annotations

from tests.documents.builders import H, Made, P, T

DOCUMENTS = [
    Made(
        "投资协议摘要.docx",
        [
            H("投资合作协议（摘要）"),
            P("甲方：东屏经济开发区管理委员会"),
            P("乙方：苏北锐恒轴承科技有限公司"),
            P(
                "第一条 乙方拟在甲方辖区投资建设高精密轴承制造项目（以下简称“本项目”）。项目总投资人民币陆亿捌仟万元，其中固定资产投资5.2亿元。"
            ),
            P(
                "第二条 本项目用地位于东屏经开区滨港片区，面积约120亩（以实测为准），土地用途为工业用地，通过招拍挂方式取得。"
            ),
            P(
                "第三条 乙方承诺项目建设期不超过20个月，达产后年产值9.6亿元、年纳税4,300万元，新增就业420人。"
            ),
            P(
                "第四条 项目亩均税收不低于35万元，容积率应不低于1.2，未达到上述约定的，甲方有权收回土地。"
            ),
            P("第五条 乙方为注册资本1.5亿元的外商投资企业，成立于2019年4月18日。"),
        ],
        {
            "enterprise_name": "苏北锐恒轴承科技有限公司",
            "total_investment": "68000",
            "fixed_asset_investment": "52000",
            "zone": "滨港片区",
            "land_area": ("approximate", "120"),
            "land_use_mode": "new_industrial_land",
            "construction_months": ("approximate", "20"),
            "annual_output": "96000",
            "annual_tax": "4300",
            "employees": "420",
            "registered_capital": "15000",
            "investor_kind": "foreign",
            "enterprise_founded_on": "2019-04-18",
        },
        {"plot_ratio": ["1.2"], "annual_tax": ["35"]},
    ),
    Made(
        "节能报告摘要.docx",
        [
            H("豫中瑞康药业年产60亿片固体制剂项目节能报告（摘要）"),
            T(
                [
                    ["项目", "单位", "数量", "折标系数", "折标煤（tce）"],
                    ["电力", "万kWh", "1320.5", "1.229", "1622.9"],
                    ["蒸汽", "吨", "18600", "0.0943", "1754.0"],
                    ["新鲜水", "万吨", "9.8", "—", "—"],
                    ["综合能源消费量（当量值）", "tce", "3376.9", "—", "—"],
                    ["综合能源消费量（等价值）", "tce", "5512.4", "—", "—"],
                ]
            ),
            P(
                "项目不使用煤炭。经对照，项目未列入“两高”项目管理目录。节能报告已报送省发展改革委，目前正在审查中。"
            ),
            P(
                "项目建成后年工业增加值2.1亿元，单位工业增加值能耗0.161吨标准煤/万元，低于全省平均水平。"
            ),
        ],
        {
            "annual_electricity": "1320.5",
            "annual_water": "98000",
            "annual_energy": "3376.9",
            "annual_coal": "0",
            "two_high": False,
            "energy_review": "pending",
            "annual_added_value": "21000",
        },
        {"annual_energy": ["5512.4", "1622.9"]},
    ),
    Made(
        "项目情况登记表.docx",
        [
            H("项目情况登记表"),
            P("填报单位：津沽园区招商三部　　填报时间：2025年3月4日　　金额单位：亿元"),
            T(
                [
                    ["企业全称", "津沽恒锐激光装备有限公司", "企业类型", "民营"],
                    ["注册资金", "0.8", "成立时间", "2017-11-02"],
                    [
                        "项目全称",
                        "大功率激光切割装备产业化项目",
                        "建设方式",
                        "☐新建 ☐扩建 ☑技改 ☐迁建",
                    ],
                    ["投资总额", "2.35", "其中：固投", "1.9"],
                    ["设备购置", "1.12", "建设周期", "14个月"],
                    ["占地", "42亩", "建筑面积", "3.6万平方米"],
                    ["场地来源", "自有厂区", "拟落户片区", "双港片区"],
                    ["达产后年销售收入", "4.8", "年利润总额", "0.52"],
                    ["年税收", "0.21", "用工", "260人（其中研发人员48人）"],
                    ["发明专利", "21件，另有实用新型63件", "资质", "国家级专精特新“小巨人”企业"],
                    ["是否列入失信名单", "□是 ☑否", "是否两高", "□是 ☑否"],
                    ["环评形式", "登记表", "能评", "不需审查"],
                ]
            ),
        ],
        {
            "enterprise_name": "津沽恒锐激光装备有限公司",
            "investor_kind": "private",
            "registered_capital": "8000",
            "enterprise_founded_on": "2017-11-02",
            "project_name": "大功率激光切割装备产业化项目",
            "construction_kind": "renovation",
            "total_investment": "23500",
            "fixed_asset_investment": "19000",
            "equipment_investment": "11200",
            "construction_months": "14",
            "land_area": "42",
            "floor_area": "36000",
            "land_use_mode": "own_land",
            "zone": "双港片区",
            "annual_revenue": "48000",
            "annual_profit": "5200",
            "annual_tax": "2100",
            "employees": "260",
            "rd_staff": "48",
            "invention_patents": "21",
            "enterprise_grade": "specialised_giant",
            "dishonest_enterprise": False,
            "two_high": False,
            "eia_class": "registration",
            "energy_review": "not_required",
        },
        {"invention_patents": ["63"]},
    ),
    Made(
        "新闻通稿.txt",
        [
            P("总投资32亿元！岚湾新区又签大单"),
            P(
                "本报讯（记者 陈岚）6月18日，岚湾新区管委会与岚湾磐石储能技术有限公司举行签约仪式，标志着年产10GWh钠离子电池项目正式落户。"
            ),
            P(
                "据介绍，该项目计划总投资32亿元，分两期建设，其中一期投资12亿元、用地150亩，二期投资20亿元。项目总用地380亩，总建筑面积41万平方米，建设周期36个月。全部达产后，预计可实现年产值65亿元，年税收2.6亿元，带动就业1800人以上。"
            ),
            P(
                "岚湾磐石储能技术有限公司由磐石控股集团投资设立。磐石控股集团是国内知名的新能源上市公司，2024年营业收入210亿元，拥有发明专利860件。"
            ),
            P("今年以来，岚湾新区累计签约项目46个，协议总投资380亿元。"),
        ],
        {
            "enterprise_name": "岚湾磐石储能技术有限公司",
            "total_investment": "320000",
            "land_area": "380",
            "floor_area": "410000",
            "construction_months": "36",
            "annual_output": ("approximate", "650000"),
            "annual_tax": "26000",
            "employees": ("approximate", "1800"),
        },
        {
            "total_investment": ["120000", "200000", "3800000"],
            "land_area": ["150"],
            "annual_revenue": ["2100000"],
            "invention_patents": ["860"],
            "investor_kind": ["listed"],
        },
    ),
    Made(
        "产业项目推进表.xlsx",
        [
            P("2025年重点产业项目推进表"),
            T(
                [
                    [
                        "序号",
                        "项目名称",
                        "投资企业",
                        "建设性质",
                        "计划总投资（亿元）",
                        "固定资产投资（亿元）",
                        "用地（亩）",
                        "预期效益",
                        "<",
                        "<",
                        "进展",
                    ],
                    [
                        "^",
                        "^",
                        "^",
                        "^",
                        "^",
                        "^",
                        "^",
                        "产值（亿元）",
                        "税收（万元）",
                        "就业（人）",
                        "^",
                    ],
                    [
                        "1",
                        "车规级碳化硅模块",
                        "甬芯功率半导体有限公司",
                        "新建",
                        "18.6",
                        "15.2",
                        "136",
                        "25",
                        "9800",
                        "560",
                        "已开工，截至4月完成投资2.1亿元",
                    ],
                    [
                        "2",
                        "智能仓储机器人",
                        "越海机器人有限公司",
                        "扩建",
                        "3.2",
                        "2.7",
                        "—",
                        "5.5",
                        "1800",
                        "约240",
                        "租用厂房15000平方米",
                    ],
                    [
                        "3",
                        "可降解薄膜",
                        "蓝洲新材料有限公司",
                        "迁建",
                        "4.5",
                        "3.8",
                        "65",
                        "6.2-6.8",
                        "2300",
                        "180",
                        "土地已挂牌",
                    ],
                    ["", "合计", "", "", "26.3", "21.7", "201", "", "13900", "", ""],
                ]
            ),
        ],
        {},
        project={
            "车规级碳化硅模块": {
                "total_investment": "186000",
                "fixed_asset_investment": "152000",
                "land_area": "136",
                "annual_output": "250000",
                "annual_tax": "9800",
                "employees": "560",
                "construction_kind": "new",
                "enterprise_name": "甬芯功率半导体有限公司",
            },
            "智能仓储机器人": {
                "total_investment": "32000",
                "fixed_asset_investment": "27000",
                "plant_area": "15000",
                "land_use_mode": "leased_plant",
                "annual_output": "55000",
                "annual_tax": "1800",
                "employees": ("approximate", "240"),
                "construction_kind": "expansion",
            },
            "可降解薄膜": {
                "total_investment": "45000",
                "land_area": "65",
                "annual_output": ("range", "62000"),
                "construction_kind": "relocation",
                "annual_tax": "2300",
                "employees": "180",
            },
        },
        traps={"total_investment": ["21000", "263000"]},
    ),
    Made(
        "可研经济指标表.xlsx",
        [
            P("主要技术经济指标表"),
            T(
                [
                    ["序号", "指标名称", "单位", "数值", "备注"],
                    ["一", "项目总投资", "万元", "46820.5", "含流动资金"],
                    ["1", "固定资产投资", "万元", "39150", ""],
                    ["1.1", "设备购置费", "万元", "17266.8", ""],
                    ["2", "铺底流动资金", "万元", "7670.5", ""],
                    ["二", "总用地面积", "平方米", "66667", "约100亩"],
                    ["三", "总建筑面积", "平方米", "82310", ""],
                    ["四", "容积率", "", "1.35", ""],
                    ["五", "建筑系数", "%", "48.6", ""],
                    ["六", "绿地率", "%", "12", ""],
                    ["七", "劳动定员", "人", "356", ""],
                    ["八", "年营业收入", "万元", "78500", "达产年"],
                    ["九", "年利税总额", "万元", "14200", ""],
                    ["十", "年利润总额", "万元", "9860", ""],
                    ["十一", "年税金", "万元", "4340", ""],
                    ["十二", "年用电量", "万千瓦时", "2160", ""],
                    ["十三", "年用水量", "万立方米", "12.6", ""],
                    ["十四", "投资回收期", "年", "6.8", "税后"],
                    ["十五", "建设期", "月", "18", ""],
                ]
            ),
        ],
        {
            "total_investment": "46820.5",
            "fixed_asset_investment": "39150",
            "equipment_investment": "17266.8",
            "land_area": "100.0005",
            "floor_area": "82310",
            "plot_ratio": "1.35",
            "building_coefficient": "48.6",
            "employees": "356",
            "annual_revenue": "78500",
            "annual_profit": "9860",
            "annual_tax": "4340",
            "annual_electricity": "2160",
            "annual_water": "126000",
            "construction_months": "18",
        },
        {"annual_tax": ["14200"], "annual_profit": ["14200"]},
    ),
]

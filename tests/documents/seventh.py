"""The seventh set: written after the sixth was mended, read once; the figures are of that reading.

All names and figures are made up.
"""

from __future__ import annotations

from tests.documents.builders import H, Made, P, T

DOCUMENTS = [
    Made(
        "可研_钠电正极.docx",
        [
            H("黔中钠源材料科技有限公司年产4万吨钠离子电池正极材料项目可行性研究报告（简本）"),
            H("1 概述"),
            P(
                "1.1 项目业主：黔中钠源材料科技有限公司，系民营企业，2022年6月15日登记设立，注册资本2.5亿元，实缴1.8亿元，净资产1.62亿元，负债率43.5%，未列入严重违法失信名单。"
            ),
            P(
                "1.2 项目选址位于黔中经济开发区白云片区，用地性质为工业用地，以出让方式取得国有建设用地228.6亩。"
            ),
            P(
                "1.3 项目规划总建筑面积96,800㎡，容积率0.91，建筑系数43.2%，行政办公及生活服务设施用地占比4.8%。"
            ),
            P(
                "1.4 项目总投资15.86亿元，其中建设投资14.2亿元、固定资产投资13.9亿元、流动资金1.66亿元；设备购置费7.65亿元。项目资本金4.8亿元，目前已到位2亿元。"
            ),
            P("1.5 建设期：18个月，2025年12月开工，2027年5月竣工。"),
            H("2 效益"),
            P(
                "达产后年均营业收入21.4亿元，年均利润总额2.38亿元，年缴纳各项税费1.12亿元。劳动定员460人。"
            ),
            H("3 技术与市场"),
            P(
                "公司与中南某大学联合研发，取得授权发明专利9项，另有在审发明专利23项；技术成熟度达到7级，主要设备为国内领先水平。研发人员64人，上年研发费用1,460万元。"
            ),
            P(
                "据行业协会数据，2025年国内钠电正极材料市场规模预计达到85亿元，产能利用率仅为55%，本项目投产后市场占有率可达6%。"
            ),
            H("4 资源环境"),
            P(
                "年耗电2.35亿kWh、新鲜水38万m³、天然气1,900万m³，年综合能源消费量5.16万tce（当量值）、11.02万tce（等价值）。无煤炭消耗。节能报告已报省能源局，节能审查正在办理。"
            ),
            P(
                "按规定编制环境影响报告书。主要污染物排放量：颗粒物6.3t/a、氮氧化物15.7t/a、化学需氧量4.4t/a、氨氮0.52t/a。"
            ),
            P("本项目不在贵州省“两高”项目管理目录内，不涉及重点监管危险化工工艺。"),
        ],
        {
            "enterprise_name": "黔中钠源材料科技有限公司",
            "project_name": "年产4万吨钠离子电池正极材料项目",
            "investor_kind": "private",
            "enterprise_founded_on": "2022-06-15",
            "registered_capital": "25000",
            "paid_in_capital": "18000",
            "net_assets": "16200",
            "debt_ratio": "43.5",
            "dishonest_enterprise": False,
            "zone": "白云片区",
            "land_use_mode": "new_industrial_land",
            "land_area": "228.6",
            "floor_area": "96800",
            "plot_ratio": "0.91",
            "building_coefficient": "43.2",
            "office_land_share": "4.8",
            "total_investment": "158600",
            "fixed_asset_investment": "139000",
            "equipment_investment": "76500",
            "funds_in_place": "20000",
            "construction_months": "18",
            "annual_revenue": "214000",
            "annual_profit": "23800",
            "annual_tax": "11200",
            "employees": "460",
            "technology_source": "joint",
            "invention_patents": "9",
            "technology_readiness": "7",
            "equipment_level": "domestic_leading",
            "rd_staff": "64",
            "rd_expense": "1460",
            "market_size": ("approximate", "850000"),
            "capacity_utilisation": "55",
            "market_share_planned": "6",
            "annual_electricity": "23500",
            "annual_water": "380000",
            "annual_energy": "51600",
            "annual_coal": "0",
            "energy_review": "pending",
            "eia_class": "report",
            "emissions.PM": "6.3",
            "emissions.NOx": "15.7",
            "emissions.COD": "4.4",
            "emissions.NH3_N": "0.52",
            "two_high": False,
            "hazardous_chemicals": False,
        },
        {"annual_energy": ["110200"], "invention_patents": ["23"], "funds_in_place": ["48000"]},
    ),
    Made(
        "备案信息表.xlsx",
        [
            T(
                [
                    ["河东市企业投资项目信息表", "<", "<", "<", "<", "<"],
                    ["项目编码", "HDXM-2025-0318", "<", "填报日期", "2025/10/20", "<"],
                    ["项目名称", "冷链装备制造基地建设项目", "<", "<", "<", "<"],
                    ["单位名称", "河东北极冷链装备有限公司", "<", "企业性质", "外商投资", "<"],
                    ["投资构成（万元）", "总投资", "固定资产", "设备", "流动资金", "已到位资金"],
                    ["^", "32600", "28100", "16450", "4500", "12000"],
                    ["用地（亩）", "92", "建筑面积（㎡）", "58200", "容积率", "1.12"],
                    [
                        "年产值（万元）",
                        "46000",
                        "年营收（万元）",
                        "45200",
                        "年税收（万元）",
                        "2050",
                    ],
                    ["年利润（万元）", "3900", "就业人数（人）", "310", "建设周期（月）", "20"],
                    ["能耗（吨标煤）", "2860", "用电（万kWh）", "1740", "用水（m³）", "36500"],
                    ["是否属两高", "否", "环评", "报告表", "产业目录", "允许类"],
                ]
            ),
        ],
        {
            "project_name": "冷链装备制造基地建设项目",
            "enterprise_name": "河东北极冷链装备有限公司",
            "investor_kind": "foreign",
            "total_investment": "32600",
            "fixed_asset_investment": "28100",
            "equipment_investment": "16450",
            "funds_in_place": "12000",
            "land_area": "92",
            "floor_area": "58200",
            "plot_ratio": "1.12",
            "annual_output": "46000",
            "annual_revenue": "45200",
            "annual_tax": "2050",
            "annual_profit": "3900",
            "employees": "310",
            "construction_months": "20",
            "annual_energy": "2860",
            "annual_electricity": "1740",
            "annual_water": "36500",
            "two_high": False,
            "eia_class": "form",
            "catalogue_class": "permitted",
        },
        {"submitted_on": ["2025-10-20"]},
    ),
    Made(
        "微信快讯.txt",
        [
            P("喜讯 | 又一智能制造项目花落岭南！"),
            P(
                "11月6日，岭南科创园管委会与广东锐捷机器视觉有限公司正式签约，工业视觉检测装备项目落户园区。"
            ),
            P(
                "项目租用园区现有厂房9,200平方米，投资2.2亿元，其中设备投入1.3亿元，预计明年3月投产。达产后年产值约4亿元，年纳税不少于1800万元，吸引高层次人才60人，新增就业220人。"
            ),
            P(
                "锐捷视觉是国家级专精特新“小巨人”企业，手握发明专利41件。其竞争对手深圳某公司去年产值12亿元。"
            ),
        ],
        {
            "project_name": "工业视觉检测装备项目",
            "enterprise_name": "广东锐捷机器视觉有限公司",
            "land_use_mode": "leased_plant",
            "plant_area": "9200",
            "total_investment": "22000",
            "equipment_investment": "13000",
            "annual_output": ("approximate", "40000"),
            "annual_tax": ("approximate", "1800"),
            "employees": "220",
            "enterprise_grade": "specialised_giant",
            "invention_patents": "41",
        },
        {"employees": ["60"], "annual_output": ["120000"]},
    ),
    Made(
        "环评表摘要.pdf",
        [
            H("建设项目环境影响报告表（摘要）"),
            T(
                [
                    ["建设项目名称", "新型墙体材料生产线搬迁改造项目", "<", "<"],
                    ["建设单位", "皖东绿建墙材有限公司", "法人代表", "王××"],
                    ["建设性质", "迁建", "行业类别及代码", "粘土砖瓦及建筑砌块制造 C3031"],
                    ["占地面积（平方米）", "24000", "绿化面积", "1200"],
                    ["总投资（万元）", "8600", "环保投资（万元）", "430"],
                    ["劳动定员（人）", "68", "年工作日", "300天"],
                    ["年用电量", "320万度", "年用水量", "1.9万吨"],
                ]
            ),
            P("项目建成后全厂污染物排放情况见下表（单位：t/a）："),
            T(
                [
                    [
                        "污染物",
                        "现有工程排放量",
                        "本项目排放量",
                        "以新带老削减量",
                        "全厂排放量",
                        "区域削减替代量",
                    ],
                    ["颗粒物", "9.80", "3.52", "9.80", "3.52", "7.04"],
                    ["二氧化硫", "12.40", "2.10", "12.40", "2.10", "4.20"],
                    ["氮氧化物", "8.60", "4.75", "8.60", "4.75", "9.50"],
                ]
            ),
            P("项目不使用煤炭，以天然气为燃料。"),
        ],
        {
            "project_name": "新型墙体材料生产线搬迁改造项目",
            "enterprise_name": "皖东绿建墙材有限公司",
            "construction_kind": "relocation",
            "industry_code": "C3031",
            "land_area": "36",
            "total_investment": "8600",
            "employees": "68",
            "annual_electricity": "320",
            "annual_water": "19000",
            "eia_class": "form",
            "emissions.PM": "3.52",
            "emissions.SO2": "2.1",
            "emissions.NOx": "4.75",
            "emission_offsets.PM": "7.04",
            "emission_offsets.SO2": "4.2",
            "emission_offsets.NOx": "9.5",
            "annual_coal": "0",
        },
        {"total_investment": ["430"], "emissions.PM": ["9.8"]},
    ),
    Made(
        "推介材料.docx",
        [
            P("康养辅具智造园项目洽谈情况报告"),
            P(
                "一、企业情况。浙江康乐辅具股份有限公司为新三板挂牌企业，2023年营收2.8亿元，拥有有效发明专利31项。"
            ),
            P(
                "二、合作意向。企业拟投资约6亿元建设康养辅具智造园项目，需用地80—100亩，企业承诺投产后三年内年税收达到3000万元，否则退还补贴。"
            ),
            P(
                "三、企业诉求。1.希望以不高于15万元/亩的价格供地；2.申请固投补助2400万元和搬迁补助600万元，共3000万元。"
            ),
            P("四、比较。去年落户的金盛医疗项目总投资3.5亿元、用地50亩、税收1600万元。"),
            P(
                "五、政策。按现行政策，亩均税收不低于30万元方可供地；年综合能耗5000吨标准煤以上的，须报省级审查。"
            ),
            P(
                "六、建议。该项目符合我区主导产业方向，属于补链项目，列入生命健康产业链，建议予以支持。"
            ),
        ],
        {
            "project_name": "康养辅具智造园项目",
            "enterprise_name": "浙江康乐辅具股份有限公司",
            "invention_patents": "31",
            "total_investment": ("approximate", "60000"),
            "land_area": ("range", "80"),
            "annual_tax": "3000",
            "subsidy_requested": "3000",
            "zone_positioning_fit": "leading",
            "chain_role": "fills_gap",
            "chain_name": "生命健康产业链",
        },
        {
            "annual_tax": ["30", "1600"],
            "land_area": ["50"],
            "total_investment": ["35000"],
            "annual_energy": ["5000"],
            "subsidy_requested": ["2400", "600"],
            "annual_revenue": ["28000"],
        },
    ),
]

"""Part one of the sixth set. All names and figures are made up."""

from __future__ import annotations

from tests.documents.builders import H, Made, P, T

DOCUMENTS = [
    Made(
        "项目申请报告_风电叶片.docx",
        [
            H("冀北绿能风电装备有限公司百米级风电叶片智能制造项目申请报告"),
            P("一、申报单位概况"),
            P(
                "冀北绿能风电装备有限公司系冀北能源投资集团（市国资委全资）于2021年11月出资设立的控股子公司，注册资本3亿元，截至报告期末实收资本2.1亿元，总资产8.7亿元，净资产4.26亿元，资产负债率51%。"
            ),
            P("二、项目概况"),
            P("（一）项目建设地点：冀北经济技术开发区装备园片区。"),
            P(
                "（二）项目性质为新建，拟通过招拍挂新取得工业用地约18.5公顷，规划总建筑面积10.86万平方米，规划容积率0.82，建筑系数52%。"
            ),
            P(
                "（三）总投资为人民币九亿六千万元，其中固定资产投资82,400万元，占总投资的85.8%；设备购置及安装费3.15亿元。"
            ),
            P("（四）建设周期两年，即24个月。"),
            P(
                "三、社会与经济效益：达产年可实现工业总产值16.8亿元，工业增加值4.1亿元，利润总额1.36亿元，各项税金合计6,820万元。全厂定员550人。"
            ),
            P(
                "四、资源能源：年用电3,260万千瓦时；年取新水6.9万立方米；年综合能耗折合标准煤5,103.4吨；项目不消耗煤炭。项目节能审查意见已由省发展改革委出具（冀发改能评〔2025〕31号）。"
            ),
            P("五、环境：本项目应编制环境影响报告表。非甲烷总烃排放量9.82吨/年，颗粒物2.4吨/年。"),
            P(
                "六、合规性：经比对，项目列入《产业结构调整指导目录》鼓励类第五项，不在《市场准入负面清单》禁止之列，不属于高耗能高排放项目，也不涉及重点监管的危险化工工艺。"
            ),
            P(
                "七、市场：2024年国内风电叶片市场规模约420亿元，行业产能利用率68%。本项目目标市场占有率3.5%，在手订单占达产收入的42%。"
            ),
        ],
        {
            "enterprise_name": "冀北绿能风电装备有限公司",
            "project_name": "百米级风电叶片智能制造项目",
            "investor_kind": "local_soe",
            "registered_capital": "30000",
            "paid_in_capital": "21000",
            "net_assets": "42600",
            "debt_ratio": "51",
            "zone": "装备园片区",
            "construction_kind": "new",
            "land_use_mode": "new_industrial_land",
            "land_area": ("approximate", "277.5"),
            "floor_area": "108600",
            "plot_ratio": "0.82",
            "building_coefficient": "52",
            "total_investment": "96000",
            "fixed_asset_investment": "82400",
            "equipment_investment": "31500",
            "construction_months": "24",
            "annual_output": "168000",
            "annual_added_value": "41000",
            "annual_profit": "13600",
            "annual_tax": "6820",
            "employees": "550",
            "annual_electricity": "3260",
            "annual_water": "69000",
            "annual_energy": "5103.4",
            "annual_coal": "0",
            "energy_review": "passed",
            "eia_class": "form",
            "emissions.VOCs": "9.82",
            "emissions.PM": "2.4",
            "catalogue_class": "encouraged",
            "two_high": False,
            "hazardous_chemicals": False,
            "market_size": ("approximate", "4200000"),
            "capacity_utilisation": "68",
            "market_share_planned": "3.5",
            "orders_in_hand": "42",
        },
        {"net_assets": ["87000"], "fixed_asset_investment": ["85.8"]},
    ),
    Made(
        "租赁入驻_智能锁.xlsx",
        [
            P("XX产业园标准厂房入驻项目登记表"),
            T(
                [
                    ["企业信息", "<", "<", "<"],
                    ["公司名称", "浙中安锁智能科技有限公司", "注册时间", "2020年5月8日"],
                    ["注册资金（万元）", "2000", "高新技术企业", "是"],
                    ["母公司年营业额（万元）", "86000", "现有员工（人）", "95"],
                    ["项目信息", "<", "<", "<"],
                    ["项目名称", "智能门锁总装与检测线项目", "<", "<"],
                    ["所属行业", "C3351 建筑、家具用金属配件制造", "建设性质", "新建"],
                    ["拟租厂房（㎡）", "7,850", "租期（年）", "5"],
                    ["投资总额（万元）", "4,600", "其中设备投资（万元）", "2,950"],
                    ["装修期（月）", "4", "项目建设期（月）", "8"],
                    ["达产年份", "2027", "年产值（万元）", "13,500"],
                    ["年纳税（万元）", "520", "亩均税收（万元/亩）", "44"],
                    ["新增用工（人）", "160", "研发人员（人）", "22"],
                    ["年用电（万度）", "115", "年用水（吨）", "5,800"],
                    ["是否“两高”", "否", "环评类别", "登记表"],
                    ["节能审查", "年耗能不足1000吨标煤，不单独进行节能审查", "<", "<"],
                    ["技术来源", "自研", "装备水平", "国内先进"],
                ]
            ),
        ],
        {
            "enterprise_name": "浙中安锁智能科技有限公司",
            "enterprise_founded_on": "2020-05-08",
            "registered_capital": "2000",
            "enterprise_grade": "high_tech",
            "project_name": "智能门锁总装与检测线项目",
            "industry_code": "C3351",
            "construction_kind": "new",
            "plant_area": "7850",
            "land_use_mode": "leased_plant",
            "total_investment": "4600",
            "equipment_investment": "2950",
            "construction_months": "8",
            "annual_output": "13500",
            "annual_tax": "520",
            "employees": "160",
            "rd_staff": "22",
            "annual_electricity": "115",
            "annual_water": "5800",
            "two_high": False,
            "eia_class": "registration",
            "energy_review": "not_required",
            "technology_source": "own",
            "equipment_level": "domestic_leading",
        },
        {
            "annual_revenue": ["86000"],
            "employees": ["95"],
            "annual_energy": ["1000"],
            "annual_tax": ["44"],
        },
    ),
    Made(
        "二期扩建说明.txt",
        [
            P("闽南海丰水产食品有限公司预制水产品加工二期项目情况说明"),
            P(
                "我公司一期项目于2022年投产，总投资1.8亿元，占地62亩，现有职工320人，2024年产值3.4亿元、纳税1150万元。"
            ),
            P(
                "因订单增长，拟实施二期项目。二期项目总投资2.6亿元，其中固定资产2.2亿元；利用厂区预留地48亩，不新征土地，新建冷库及车间合计3.9万㎡；建设期14个月；达产后新增年产值5.2亿元、税收1900万元、用工280名。"
            ),
            P("两期全部建成后，公司年产值将达到8.6亿元，员工达到600人。"),
            P(
                "二期用电约900万度，用水28万吨；废水经处理后化学需氧量排放12.6吨/年、氨氮1.4吨/年、总磷0.21吨/年。"
            ),
            P("本项目已列入县级重点项目，但未列入国家重大项目；本地原料采购率达85%。"),
            P("我公司信用良好，从未被列入失信名单，近三年没有重大安全、环保、税务违法记录。"),
        ],
        {
            "enterprise_name": "闽南海丰水产食品有限公司",
            "project_name": "预制水产品加工二期项目",
            "total_investment": "26000",
            "fixed_asset_investment": "22000",
            "land_area": "48",
            "land_use_mode": "own_land",
            "floor_area": "39000",
            "construction_months": "14",
            "annual_output": "52000",
            "annual_tax": "1900",
            "employees": "280",
            "annual_electricity": ("approximate", "900"),
            "annual_water": "280000",
            "emissions.COD": "12.6",
            "emissions.NH3_N": "1.4",
            "emissions.TP": "0.21",
            "national_major_project": False,
            "local_supply_share": "85",
            "dishonest_enterprise": False,
            "major_violation_3y": False,
        },
        {
            "total_investment": ["18000"],
            "land_area": ["62"],
            "employees": ["320", "600"],
            "annual_output": ["34000", "86000"],
            "annual_tax": ["1150"],
        },
    ),
    Made(
        "审查意见表.pdf",
        [
            H("工业项目联合审查意见表"),
            T(
                [
                    [
                        "项目名称",
                        "氟硅密封材料生产基地项目",
                        "申报单位",
                        "鲁东华泽新材料科技有限公司",
                    ],
                    ["总投资", "5.6亿元", "用地需求", "新增工业用地110亩"],
                    ["投资强度", "≥350万元/亩", "亩均税收", "22.5万元/亩"],
                    ["产值", "7.8亿元/年", "税收", "2475万元/年"],
                    ["综合能耗", "8,650tce/a", "用水", "16.4万m3/a"],
                    ["就业", "320人", "建设工期", "2026年3月至2027年8月（18个月）"],
                    [
                        "发改部门",
                        "属于允许类，不属于“两高”。节能审查报告已受理，正在审查。",
                        "<",
                        "<",
                    ],
                    [
                        "自资部门",
                        "符合国土空间规划，容积率1.05，建筑系数41%，绿地率15%。",
                        "<",
                        "<",
                    ],
                    [
                        "生态部门",
                        "应编制环境影响报告书；位于认定的化工园区内，符合“三线一单”管控要求；VOCs 11.2t/a需倍量替代22.4t/a。",
                        "<",
                        "<",
                    ],
                    ["应急部门", "涉及重点监管的危险化工工艺（聚合）。", "<", "<"],
                ]
            ),
        ],
        {
            "project_name": "氟硅密封材料生产基地项目",
            "enterprise_name": "鲁东华泽新材料科技有限公司",
            "total_investment": "56000",
            "land_area": "110",
            "land_use_mode": "new_industrial_land",
            "annual_output": "78000",
            "annual_tax": "2475",
            "annual_energy": "8650",
            "annual_water": "164000",
            "employees": "320",
            "construction_months": "18",
            "catalogue_class": "permitted",
            "two_high": False,
            "energy_review": "pending",
            "planning_conformity": True,
            "plot_ratio": "1.05",
            "building_coefficient": "41",
            "eia_class": "report",
            "in_approved_park": True,
            "zoning_conformity": "conforms",
            "emissions.VOCs": "11.2",
            "emission_offsets.VOCs": "22.4",
            "hazardous_chemicals": True,
        },
        {"annual_tax": ["22.5"]},
    ),
]

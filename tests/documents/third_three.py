"""The last of the third set."""

from __future__ import annotations

from tests.documents.builders import H, Made, P, T

DOCUMENTS = [
    Made(
        "环评公示.html",
        [
            H("年产2万吨水性涂料项目环境影响报告书受理公示"),
            T(
                [
                    ["项目名称", "年产2万吨水性涂料项目"],
                    ["建设单位", "皖江澜彩涂料有限公司"],
                    ["建设地点", "皖江化工新材料产业园澜山片区"],
                    ["环评文件类型", "环境影响报告书"],
                    ["总投资", "9600万元，其中环保投资420万元"],
                    ["建设性质", "新建"],
                ]
            ),
            P("项目所在园区为经省政府认定的化工园区。项目不涉及重点监管危险化工工艺。"),
            P(
                "项目建成后，废水主要污染物排放量为COD 4.62t/a、氨氮0.31t/a；废气中颗粒物排放量1.28t/a，VOCs排放量5.47t/a。改造前全厂VOCs排放量为7.9t/a。"
            ),
            P("VOCs区域削减替代量为10.94t/a，来源于某印刷厂关停项目。"),
        ],
        {
            "project_name": "年产2万吨水性涂料项目",
            "enterprise_name": "皖江澜彩涂料有限公司",
            "zone": "澜山片区",
            "eia_class": "report",
            "total_investment": "9600",
            "construction_kind": "new",
            "in_approved_park": True,
            "hazardous_chemicals": False,
            "emissions.COD": "4.62",
            "emissions.NH3_N": "0.31",
            "emissions.PM": "1.28",
            "emissions.VOCs": "5.47",
            "emission_offsets.VOCs": "10.94",
        },
        {"total_investment": ["420"], "emissions.VOCs": ["7.9"]},
    ),
    Made(
        "企业自述.md",
        [
            H("基本情况"),
            P(
                "我公司（赣北昱晶光学有限公司）创立于2015年8月，注册资本3000万元，实缴2400万元，净资产1.26亿元，资产负债率38.5%。公司是高新技术企业，现有专职研发人员62人，拥有有效发明专利15件，上年度研发投入1,480万元。"
            ),
            H("项目情况"),
            P(
                "拟投资建设高透光学镜片生产项目，总投资2.2亿元，租赁昱江产业园标准厂房2.4万平方米，购置镀膜机等设备投资1.05亿元。建设工期十个月。"
            ),
            P(
                "达产后预计年营业收入3.6亿元左右，利润总额4200万元，上缴税收1500万元，新增用工310人。"
            ),
            P("现有厂区年营业收入1.9亿元，职工280人。"),
            H("政策诉求"),
            P("申请设备补贴600万元、房租补贴240万元，合计840万元。"),
            H("信用承诺"),
            P("公司及法定代表人均未被列入失信被执行人名单。近三年无重大安全、环保、税务违法记录。"),
        ],
        {
            "enterprise_name": "赣北昱晶光学有限公司",
            "registered_capital": "3000",
            "paid_in_capital": "2400",
            "net_assets": "12600",
            "debt_ratio": "38.5",
            "enterprise_grade": "high_tech",
            "rd_staff": "62",
            "invention_patents": "15",
            "project_name": "高透光学镜片生产项目",
            "total_investment": "22000",
            "land_use_mode": "leased_plant",
            "plant_area": "24000",
            "equipment_investment": "10500",
            "construction_months": "10",
            "annual_revenue": ("approximate", "36000"),
            "annual_profit": "4200",
            "annual_tax": "1500",
            "employees": "310",
            "dishonest_enterprise": False,
            "major_violation_3y": False,
            "subsidy_requested": "840",
        },
        {"annual_revenue": ["19000"], "employees": ["280"], "subsidy_requested": ["600", "240"]},
    ),
]

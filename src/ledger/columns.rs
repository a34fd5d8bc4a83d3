//! What the columns of a ledger mean: the one table of headings, and files that add to it.

use std::collections::HashMap;

use crate::domain::{
    cleaning::compact, draft::belongs, field::Field, forbidden::is_forbidden, notice::Kind,
};

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// A field.
    Field(Field),
    /// An area by a heading that may also head a group of columns: taken if nothing better is there.
    Place(Field),
    /// The remark, in which a number may be said to be verified.
    Remark,
    /// Something that is not kept, known to be harmless.
    Dropped,
    /// Something that is refused whatever it holds.
    Forbidden,
    /// Something that the table does not know.
    Unknown,
}

/// Headings of an office's own, beside the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    columns: HashMap<String, Field>,
}

impl Mapping {
    /// Reads a mapping file: a table `[columns]` with a line `"heading" = "field"` for each column.
    ///
    /// # Errors
    /// If it is no such file, or names a field that is not there.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let file: MappingFile = toml::from_str(text).map_err(|_| MappingError::Form)?;
        let MappingFile { columns } = file;
        let columns = columns.into_iter().map(|(heading, name)| {
            let field = Field::from_name(&name).ok_or(MappingError::UnknownField(name))?;
            Ok((normal(&heading), field))
        });
        Ok(Self {
            columns: columns.collect::<Result<_, _>>()?,
        })
    }

    /// The field that a heading names by this file; the heading is [`normal`].
    pub(super) fn field(&self, normal: &str) -> Option<Field> {
        self.columns.get(normal).copied()
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingFile {
    columns: HashMap<String, String>,
}

/// Why a mapping file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// Not of the form of a mapping file.
    #[error("a mapping file is TOML with a table [columns] of lines \"heading\" = \"field\"")]
    Form,
    /// A field that is not there.
    #[error("the mapping file names an unknown field: {0}")]
    UnknownField(String),
}

/// What a heading means, under the heading of its group if there is one.
pub(super) fn column(heading: &str, group: Option<&str>, mapping: &Mapping) -> Column {
    let own = normal(heading);
    let group = group.map(normal);
    // Only a place heads a group; a title above is none.
    let group = group.filter(|group| matches!(place(group), Column::Place(_)));
    let grouped = group.map(|group| format!("{group}{own}"));
    for name in grouped.iter().chain([&own]) {
        if let Some(field) = mapping.field(name) {
            return Column::Field(field);
        }
    }
    if is_forbidden(heading) {
        return Column::Forbidden;
    }
    let found = grouped
        .as_deref()
        .map_or(Column::Unknown, known)
        .or(|| known(&own));
    found.or(|| {
        let name = compact(heading).to_ascii_lowercase();
        Field::ALL
            .into_iter()
            .filter(|field| IN_LEDGERS.iter().any(|kind| belongs(*kind, *field)))
            .find(|field| field.name() == name || field.name().rsplit('.').next() == Some(&name))
            .map_or(Column::Unknown, Column::Field)
    })
}

impl Column {
    fn or(self, other: impl FnOnce() -> Self) -> Self {
        if self == Self::Unknown { other() } else { self }
    }
}

/// A heading without spaces, line breaks, marks and whatever stands in brackets.
pub(super) fn normal(heading: &str) -> String {
    let mut depth = 0_u32;
    let mut normal = String::new();
    for c in compact(heading).chars() {
        match c {
            '(' | '[' | '【' | '〔' | '<' | '《' => depth = depth.saturating_add(1),
            ')' | ']' | '】' | '〕' | '>' | '》' => depth = depth.saturating_sub(1),
            _ if depth == 0 && c.is_alphanumeric() => normal.push(c),
            _ => {}
        }
    }
    normal
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .to_lowercase()
}

fn known(name: &str) -> Column {
    if name.is_empty() {
        return Column::Unknown;
    }
    let bare = PERSON
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .filter(|bare| !bare.is_empty());
    exact(name)
        .or(|| place(name))
        .or(|| day_of_move(name))
        .or(|| bare.map_or(Column::Unknown, exact))
}

fn exact(name: &str) -> Column {
    for (field, names) in NAMES {
        if names.contains(&name) {
            return Column::Field(*field);
        }
    }
    if REMARKS.contains(&name) {
        Column::Remark
    } else if DROPPED.contains(&name) {
        Column::Dropped
    } else {
        Column::Unknown
    }
}

/// A place: which of the three, then its code or its address.
fn place(name: &str) -> Column {
    let Some((field, rest)) = PLACES.iter().find_map(|(field, words)| {
        let rest = words.iter().find_map(|word| name.strip_prefix(word))?;
        Some((*field, rest))
    }) else {
        return Column::Unknown;
    };
    let says = |words: &[&str]| words.iter().any(|word| rest.contains(word));
    if says(&["代码", "编码", "区划", "区号"]) && !says(&["名称"]) {
        Column::Field(field)
    } else if says(&["址", "门牌", "住所", "详情"]) {
        match field {
            Field::DestinationArea => Column::Field(Field::DestinationAddress),
            _ => Column::Dropped,
        }
    } else if rest.is_empty() || ["县", "区县", "县区", "所在地", "地区"].contains(&rest)
    {
        Column::Place(field)
    } else {
        Column::Unknown
    }
}

/// The day of the move in its many names.
fn day_of_move(name: &str) -> Column {
    let ends = |words: &[&str]| words.iter().any(|word| name.ends_with(word));
    let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    if !ends(&["日期", "时间", "年月日", "年月"]) {
        Column::Unknown
    } else if begins(&["预计", "预期", "拟", "计划"]) {
        if ["返", "离", "居住", "回"]
            .iter()
            .any(|word| name.contains(word))
        {
            Column::Field(Field::ExpectedUntil)
        } else {
            Column::Unknown
        }
    } else if begins(MOVES) {
        Column::Field(Field::EventDate)
    } else {
        Column::Unknown
    }
}

/// Words that say only that the column is about the person. Of a husband or a child nothing is read.
const PERSON: [&str; 12] = [
    "已婚育龄妇女",
    "育龄妇女",
    "流动妇女",
    "妇女",
    "女方",
    "女性",
    "本人",
    "服务对象",
    "对象",
    "流动人口",
    "流动人员",
    "人员",
];

const MOVES: &[&str] = &[
    "流动",
    "流出",
    "流入",
    "外流",
    "离开",
    "外出",
    "到达",
    "来本地",
    "来现居",
    "迁移",
    "变动",
    "发生",
    "入住",
    "现居住地流入",
    "户籍地流出",
    "离户籍地",
    "来居住地",
    "到现居",
];

const PLACES: &[(Field, &[&str])] = &[
    (
        Field::OriginArea,
        &[
            "户籍所在地",
            "户籍地",
            "户口所在地",
            "户口地",
            "户籍",
            "户口",
            "流出地",
            "原籍地",
            "原籍",
            "来源地",
            "迁出地",
        ],
    ),
    (
        Field::DestinationArea,
        &[
            "现居住所在地",
            "现居住地",
            "现居住",
            "现居地",
            "现住地",
            "现住",
            "居住地",
            "居住",
            "流入地",
            "流入",
            "目的地",
            "去向地",
            "流向地",
            "流往地",
            "前往地",
            "暂住地",
            "迁入地",
            "现地址",
            "现",
        ],
    ),
    (
        Field::ManagingArea,
        &["服务管理地", "管理服务地", "管理地", "管理单位", "建档地"],
    ),
];

const NAMES: &[(Field, &[&str])] = &[
    (Field::Name, &["姓名", "名字", "姓名全称", "流动人口姓名"]),
    (
        Field::ResidentId,
        &[
            "身份证",
            "身份证号",
            "身份证号码",
            "身份证件号",
            "身份证件号码",
            "身份证编号",
            "身份号码",
            "公民身份号码",
            "公民身份证",
            "公民身份证号",
            "公民身份证号码",
            "居民身份证",
            "居民身份证号",
            "居民身份证号码",
            "居民身份号码",
            "证件号",
            "证件号码",
            "证件编号",
            "有效证件号码",
        ],
    ),
    (
        Field::MaritalStatus,
        &[
            "婚姻",
            "婚姻状况",
            "婚姻状态",
            "婚姻情况",
            "婚况",
            "婚姻状况代码",
            "婚姻代码",
            "婚姻状况编码",
            "婚否",
            "婚姻类别",
        ],
    ),
    (
        Field::Phone,
        &[
            "电话",
            "电话号码",
            "联系电话",
            "联系电话号码",
            "联系号码",
            "手机",
            "手机号",
            "手机号码",
            "联系手机",
            "联系手机号",
            "移动电话",
            "联系方式",
            "联系电话手机",
        ],
    ),
    (Field::EventDate, &["流动日", "事件日期"]),
    (
        Field::ExpectedUntil,
        &["预计居住至", "拟居住至", "居住截止日期", "预计居住期限"],
    ),
    (
        Field::CertificateNumber,
        &[
            "婚育证明编号",
            "婚育证明号",
            "婚育证明号码",
            "婚育证明证号",
            "婚育证号",
            "婚育证编号",
            "婚育证明",
            "流动人口婚育证明编号",
            "流动人口婚育证明号",
            "流动人口婚育证明",
            "证明编号",
            "电子婚育证明编号",
        ],
    ),
    (
        Field::CertificateStatus,
        &[
            "婚育证明状态",
            "婚育证明情况",
            "证明状态",
            "持证情况",
            "婚育证状态",
        ],
    ),
    (
        Field::ValidUntil,
        &[
            "婚育证明有效期",
            "婚育证明有效期至",
            "证明有效期",
            "证明有效期至",
            "有效期",
            "有效期至",
            "有效期限",
            "婚育证有效期",
            "婚育证有效期至",
        ],
    ),
    (Field::ExpectedDeliveryDate, &["预产期", "预产日期"]),
    (
        Field::LastCheckOn,
        &[
            "上次产检日期",
            "末次产检日期",
            "最近产检日期",
            "最近一次产检日期",
        ],
    ),
    (Field::NextCheckOn, &["下次产检日期", "下次产检时间"]),
    (
        Field::Provider,
        &["服务机构", "产检机构", "服务提供机构", "保健机构"],
    ),
    (
        Field::MethodClass,
        &[
            "避孕方法代码",
            "避孕方法类别",
            "避孕方式类别",
            "避孕措施代码",
        ],
    ),
    (
        Field::NextSupplyOn,
        &["下次领药日期", "下次领取药具日期", "下次药具发放日期"],
    ),
    (
        Field::VaccinationDueOn,
        &["下次接种日期", "接种到期日", "下次疫苗接种日期"],
    ),
    (
        Field::ConsentDate,
        &[
            "同意日期",
            "单独同意日期",
            "知情同意日期",
            "授权日期",
            "同意书日期",
        ],
    ),
    (
        Field::ConsentReference,
        &[
            "同意编号",
            "同意书编号",
            "知情同意书编号",
            "单独同意编号",
            "授权书编号",
        ],
    ),
    (
        Field::Reference,
        &["业务编号", "业务流水号", "业务号", "通报编号", "参考号"],
    ),
    (
        Field::ToArea,
        &["接收方区划代码", "接收地区划代码", "接收单位代码"],
    ),
    (
        Field::FromArea,
        &["发送方区划代码", "报送单位代码", "填报单位代码"],
    ),
];

/// The kinds of which ledgers are kept: fields that only others have are no columns.
const IN_LEDGERS: [Kind; 3] = [Kind::Departure, Kind::Arrival, Kind::Feedback];

const REMARKS: &[&str] = &[
    "备注",
    "备注说明",
    "备注信息",
    "核实说明",
    "核实情况",
    "核实备注",
    "核实",
    "说明",
    "情况说明",
    "其他说明",
    "其它说明",
    "附注",
];

const DROPPED: &[&str] = &[
    "序号",
    "编号",
    "序",
    "行号",
    "档案号",
    "性别",
    "年龄",
    "周岁",
    "出生日期",
    "出生年月",
    "出生年月日",
    "民族",
    "文化程度",
    "学历",
    "填报单位",
    "填报日期",
    "填报人",
    "登记日期",
    "登记时间",
    "登记人",
    "录入日期",
    "录入时间",
    "录入人",
    "采集日期",
    "经办人",
    "责任人",
    "所属村居",
    "村居",
    "社区",
    "乡镇",
    "街道",
    "村",
    "流动原因",
    "外出原因",
    "流动类型",
    "流动范围",
    "国籍",
    "证件类型",
    "no",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_known_however_they_are_spread_and_marked() {
        let none = Mapping::default();
        for (heading, expected) in [
            ("姓  名", Field::Name),
            ("*妇女\n姓名（必填）", Field::Name),
            ("身份证号码：", Field::ResidentId),
            ("女方身份证号", Field::ResidentId),
            ("３．公民身份号码", Field::ResidentId),
            ("户籍地行政区划代码（12位）", Field::OriginArea),
            ("流入地行政区划代码", Field::DestinationArea),
            ("现居住地址代码", Field::DestinationArea),
            ("居住地代码", Field::DestinationArea),
            ("现居住地详细地址", Field::DestinationAddress),
            ("流入时间", Field::EventDate),
            ("离开户籍地日期", Field::EventDate),
            ("预计返乡时间", Field::ExpectedUntil),
            ("subject.resident_id", Field::ResidentId),
            ("valid_until", Field::ValidUntil),
        ] {
            assert_eq!(
                column(heading, None, &none),
                Column::Field(expected),
                "{heading}"
            );
        }
        for (heading, expected) in [
            ("丈夫姓名", Column::Unknown),
            ("配偶身份证号", Column::Unknown),
            ("备 注", Column::Remark),
            ("户籍地详细地址", Column::Dropped),
            ("社会抚养费", Column::Forbidden),
            ("户籍地", Column::Place(Field::OriginArea)),
            ("", Column::Unknown),
        ] {
            assert_eq!(column(heading, None, &none), expected, "{heading}");
        }
        assert_eq!(
            column("代码", Some("户籍地"), &none),
            Column::Field(Field::OriginArea)
        );
    }

    #[test]
    fn no_heading_means_two_things() {
        let mut seen = std::collections::HashSet::new();
        let names = NAMES.iter().flat_map(|(_, names)| names.iter());
        for name in names.chain(REMARKS).chain(DROPPED) {
            assert!(seen.insert(name), "{name}");
            assert_eq!(&normal(name), name);
        }
    }

    #[test]
    fn a_mapping_names_fields_and_nothing_else() {
        let mapping = Mapping::parse("[columns]\n\"证 件\" = \"subject.resident_id\"").unwrap();
        assert_eq!(
            column("证件*", None, &mapping),
            Column::Field(Field::ResidentId)
        );
        assert_eq!(Mapping::parse("[kolumns]"), Err(MappingError::Form));
        assert_eq!(
            Mapping::parse("[columns]\n\"a\" = \"id\""),
            Err(MappingError::UnknownField("id".to_owned()))
        );
    }
}
